// kube-dns: its ConfigMap says which server knows which domain. It looks at that again every ten seconds (kubernetes/dns,
// cmd/kube-dns and cmd/dnsmasq-nanny), so nothing is restarted.

import type { MeshDns } from './corefile/mesh-dns.ts';
import { madeByMaesh, isMadeByMaesh } from './made-by-maesh.ts';
import type { StubDomainsPlace } from './layout.ts';
import { configMapName, dataOf, patchData, type DnsPlan, type FindObject } from './plan.ts';
import { noResolver, resolverAddress, resolverName } from './resolver.ts';
import { removeStubDomains, setStubDomains } from './stub-domains.ts';

const key = 'stubDomains';

/** Plans for kube-dns to hand the mesh's names on. */
export function planStubDomains(place: StubDomainsPlace, find: FindObject, mesh: MeshDns): DnsPlan {
  const object = configMapName(place.configMap);
  const configMap = find(object);
  const server = resolverAddress(find(resolverName(place.resolver)));
  if (server === undefined) return { writes: [], trouble: noResolver(place.resolver) };
  const before = dataOf(configMap, key);
  const after = setStubDomains(before, mesh.domains, server);
  if (after === undefined) {
    return {
      writes: [],
      trouble: {
        message: `The stub domains in ConfigMap ${place.configMap.namespace}/${place.configMap.name} are no JSON object`,
        advice: `Mend its key ${key}; kube-dns can't read it either`,
      },
    };
  }
  if (after === before) return { writes: [], holder: object };
  const data = { [key]: after };
  const write = configMap === undefined ? madeByMaesh(object, data) : patchData(object, configMap, data);
  return { writes: [write], holder: object };
}

/** Plans for kube-dns to be as it was. */
export function planNoStubDomains(
  place: StubDomainsPlace,
  find: FindObject,
  domains: readonly string[],
): DnsPlan {
  const object = configMapName(place.configMap);
  const configMap = find(object);
  const before = dataOf(configMap, key);
  if (configMap === undefined || before === undefined) return { writes: [] };
  const after = removeStubDomains(before, domains);
  if (after === before) return { writes: [] };
  const isEmpty = after === undefined && isMadeByMaesh(configMap, [key]);
  const { resourceVersion } = configMap.metadata;
  if (isEmpty) return { writes: [{ kind: 'delete', object, resourceVersion }] };
  return { writes: [patchData(object, configMap, { [key]: after })] };
}
