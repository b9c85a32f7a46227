// Every way into a mesh by which a service port is called: its mesh port, its own address as DNS gives it, and the port
// that serves every HTTP service by Host.

import type { TopologyJson } from '../../../src/serve/http/api-types.ts';
import type { Dial } from '../clients/http.ts';
import type { ServiceCall } from '../service-client.ts';
import type { ServiceSpec, SpecPort } from './service-spec.ts';

/** A way into the mesh. */
export type Way = 'mesh port' | 'name' | 'host';

/** Where the mesh is entered. */
export interface Doors {
  /** Where mesh ports are open. */
  readonly proxyAddress: string;
  /** The port that serves every HTTP service by Host. */
  readonly http: Dial;
  /** Looks a name up. */
  readonly resolve: (name: string) => Promise<string | undefined>;
}

/** The ways by which a service may be called. */
export function waysOf({ traffic }: ServiceSpec): readonly Way[] {
  return traffic === 'http' ? ['mesh port', 'name', 'host'] : ['mesh port', 'name'];
}

/** How to call a service port by a way; undefined where the mesh says that there is no such way now. */
export async function callBy(
  way: Way,
  { spec, port }: { readonly spec: ServiceSpec; readonly port: SpecPort },
  { topology, doors }: { readonly topology: TopologyJson; readonly doors: Doors },
): Promise<ServiceCall | undefined> {
  const { traffic } = spec;
  const name = meshName(spec.key);
  if (way === 'host') return { name, traffic, to: doors.http, host: `${name}:${port.port}` };
  if (way === 'name') {
    const address = await doors.resolve(name);
    return address === undefined ? undefined : { name, traffic, to: { address, port: port.port } };
  }
  const meshPort = meshPortOf(topology, spec, port);
  return meshPort === undefined
    ? undefined
    : { name, traffic, to: { address: doors.proxyAddress, port: meshPort } };
}

/** `shop.store.maesh` of `store/shop`. */
export function meshName(key: string): string {
  return `${key.split('/').toReversed().join('.')}.maesh`;
}

/** Who is reached at an address and port now, by the topology: a service port such as `store/shop` and 80. */
export function ownerOf(
  topology: TopologyJson,
  { traffic, to }: ServiceCall,
  { proxyAddress }: Doors,
): { readonly key: string; readonly port: number } | undefined {
  for (const { name, namespace, localAddress, ports } of Object.values(topology.services)) {
    for (const { port, meshPort, localPort, traffic: served } of ports) {
      const isMeshPort = to.address === proxyAddress && to.port === meshPort && served === traffic;
      const isLocalPort = to.address === localAddress && to.port === localPort;
      if (isMeshPort || isLocalPort) return { key: `${namespace}/${name}`, port };
    }
  }
  return undefined;
}

function meshPortOf(
  topology: TopologyJson,
  { key, traffic }: ServiceSpec,
  { port }: SpecPort,
): number | undefined {
  const [namespace, name] = key.split('/');
  const ports = topology.services[`${name}@${namespace}`]?.ports ?? [];
  return ports.find((one) => one.port === port && one.traffic === traffic)?.meshPort ?? undefined;
}
