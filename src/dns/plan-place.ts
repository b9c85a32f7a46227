// Plans for places of every kind.

import type { ObjectName } from '../kube/client.ts';
import { resourceName } from '../kube/resource-type.ts';
import { planCorefile, planRestoredCorefile } from './corefile-plan.ts';
import type { MeshDns } from './corefile/mesh-dns.ts';
import type { DnsPlace } from './layout.ts';
import { operatorName, planNoOperator, planOperator } from './operator-plan.ts';
import { configMapName, type DnsPlan, type FindObject } from './plan.ts';
import { resolverName } from './resolver.ts';
import { planNoStubDomains, planStubDomains } from './stub-domains-plan.ts';

/** Plans for a place to have the mesh's names. */
export function planPlace(place: DnsPlace, find: FindObject, mesh: MeshDns): DnsPlan {
  switch (place.kind) {
    case 'corefile':
    case 'node-local':
      return planCorefile(place, find, mesh);
    case 'stub-domains':
      return planStubDomains(place, find, mesh);
    default:
      return planOperator(place, find, mesh);
  }
}

/** Plans for a place to be as it was before the mesh, or any other of the same namespace and domains. */
export function planRestored(
  place: DnsPlace,
  find: FindObject,
  { namespace, domains }: Pick<MeshDns, 'namespace' | 'domains'>,
): DnsPlan {
  switch (place.kind) {
    case 'corefile':
    case 'node-local':
      return planRestoredCorefile(place, find, namespace);
    case 'stub-domains':
      return planNoStubDomains(place, find, domains);
    default:
      return planNoOperator(find);
  }
}

/** The objects that a place is made of, the one first that it is known by. */
export function objectsOf(place: DnsPlace): readonly ObjectName[] {
  switch (place.kind) {
    case 'corefile': {
      const corefile = configMapName(place.corefile);
      return place.custom === undefined ? [corefile] : [corefile, configMapName(place.custom)];
    }
    case 'node-local':
      return [configMapName(place.corefile)];
    case 'stub-domains':
      return [configMapName(place.configMap), resolverName(place.resolver)];
    default:
      return [operatorName, resolverName(place.resolver)];
  }
}

/** `configmaps kube-system/coredns`: one text for each object. */
export function objectKey({ type, namespace, name }: ObjectName): string {
  return `${resourceName(type)} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}
