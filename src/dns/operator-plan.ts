// OpenShift: an operator writes CoreDNS' configuration from a custom resource, and writes it again if anybody changes it. What
// it takes is a list of servers to which zones are handed on (openshift/api, operator/v1, DNSSpec.Servers).

import { isRecord, type ApiObject } from '../kube/api-object.ts';
import type { ObjectName } from '../kube/client.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { MeshDns } from './corefile/mesh-dns.ts';
import type { OperatorPlace } from './layout.ts';
import type { DnsPlan, DnsTrouble, FindObject } from './plan.ts';
import { noResolver, resolverAddress, resolverName } from './resolver.ts';

/** The custom resource of OpenShift's DNS operator. */
export const operatorType: ResourceType = {
  group: 'operator.openshift.io',
  version: 'v1',
  plural: 'dnses',
  verbs: ['get', 'list', 'watch', 'patch'],
};

/** The only one that the operator looks at. */
export const operatorName: ObjectName = { type: operatorType, name: 'default' };

/** Name of the mesh's entry among the servers. */
const serverName = 'maesh';

const nothingOperated: DnsTrouble = {
  message: 'There is no dns.operator.openshift.io/default, which the DNS operator would configure DNS from',
  advice: "Look whether the cluster's DNS operator is at work",
};

type Server = Readonly<Record<string, unknown>>;

/** Plans for the operator to have the mesh's names handed on. */
export function planOperator(place: OperatorPlace, find: FindObject, mesh: MeshDns): DnsPlan {
  const dns = find(operatorName);
  const address = resolverAddress(find(resolverName(place.resolver)));
  if (dns === undefined) return { writes: [], trouble: nothingOperated };
  if (address === undefined) return { writes: [], trouble: noResolver(place.resolver) };
  const servers = serversOf(dns);
  const others = servers.filter(({ name }) => name !== serverName);
  const taken = others.find(({ zones }) => mesh.domains.some((domain) => isIn(zones, domain)));
  if (taken !== undefined) {
    return {
      writes: [],
      trouble: {
        message: `The DNS operator already hands a domain of the mesh on to another server: ${String(taken['name'])}`,
        advice:
          'Take the domain out of spec.servers of dns.operator.openshift.io/default, or give the mesh others',
      },
    };
  }
  const own = servers.filter(({ name }) => name === serverName);
  const isDone = own.length === 1 && own.every((server) => isRight(server, mesh.domains, address));
  const wanted = { name: serverName, zones: mesh.domains, forwardPlugin: { upstreams: [address] } };
  return { writes: isDone ? [] : [patchServers(dns, [...others, wanted])], holder: operatorName };
}

/** Plans for the operator to be as it was. */
export function planNoOperator(find: FindObject): DnsPlan {
  const dns = find(operatorName);
  const servers = dns === undefined ? [] : serversOf(dns);
  const others = servers.filter(({ name }) => name !== serverName);
  if (dns === undefined || others.length === servers.length) return { writes: [] };
  return { writes: [patchServers(dns, others.length === 0 ? undefined : others)] };
}

function patchServers(
  { metadata }: ApiObject,
  servers: readonly Server[] | undefined,
): DnsPlan['writes'][number] {
  return {
    kind: 'patch',
    object: operatorName,
    patch: { spec: { servers: servers ?? null } },
    resourceVersion: metadata.resourceVersion,
  };
}

function serversOf({ spec }: ApiObject): readonly Server[] {
  const servers = isRecord(spec) ? spec['servers'] : undefined;
  return Array.isArray(servers) ? servers.filter(isRecord) : [];
}

/** Whether it says what is wanted, whatever the server has put in besides. */
function isRight({ zones, forwardPlugin }: Server, domains: readonly string[], address: string): boolean {
  const upstreams = isRecord(forwardPlugin) ? forwardPlugin['upstreams'] : undefined;
  return isList(zones, domains) && isList(upstreams, [address]);
}

function isList(value: unknown, wanted: readonly string[]): boolean {
  return Array.isArray(value) && value.length === wanted.length && wanted.every((each) => isIn(value, each));
}

function isIn(values: unknown, value: string): boolean {
  return Array.isArray(values) && values.includes(value);
}
