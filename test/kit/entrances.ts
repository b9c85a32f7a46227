// Where a mesh can be entered: what has to be known to send something to a service port.

import { portKey } from '../../src/model/key.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { TopologyJson } from '../../src/serve/http/api-types.ts';
import type { Dial } from './clients/http.ts';

/** The ways into a mesh. */
export interface MeshEntrances {
  /** By key of the service port, such as `store/shop/80`. */
  readonly ports: ReadonlyMap<string, Entrance>;
  /** The port that serves every HTTP service by Host. */
  readonly httpPort: Dial;
  /** Where mesh ports are open. */
  readonly proxyAddress: string;
}

/** The ways to a service port. */
export interface Entrance {
  /** Host that a client would send: `shop.store.maesh:80`. */
  readonly host: string;
  readonly meshPort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

/** The ways to every service port of a topology. */
export function entrancesOf(topology: Topology): ReadonlyMap<string, Entrance> {
  const entrances = new Map<string, Entrance>();
  for (const { name, namespace, localAddress, ports } of topology.services.values()) {
    for (const { key, port, meshPort, localPort } of ports) {
      entrances.set(key, { host: `${name}.${namespace}.maesh:${port}`, meshPort, localAddress, localPort });
    }
  }
  return entrances;
}

/** The same from what the API gives. */
export function entrancesOfJson(topology: TopologyJson): ReadonlyMap<string, Entrance> {
  const entrances = new Map<string, Entrance>();
  for (const { name, namespace, localAddress, ports } of Object.values(topology.services)) {
    for (const { port, protocol, meshPort, localPort } of ports) {
      entrances.set(portKey(`${namespace}/${name}`, port, protocol), {
        host: `${name}.${namespace}.maesh:${port}`,
        meshPort: meshPort ?? undefined,
        localAddress: localAddress ?? undefined,
        localPort: localPort ?? undefined,
      });
    }
  }
  return entrances;
}
