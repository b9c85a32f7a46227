// A block of HTTP mesh ports: one listener, which never changes, and the RouteConfiguration that does.

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { RouteConfiguration } from '../gen/envoy/config/route/v3/route_pb.ts';
import type { PortRange } from '../model/ports.ts';
import { httpManager, routesNamed } from './http-manager.ts';
import { blockAddresses, tcpListener } from './listener.ts';
import { noEndpoints, noService } from './local-replies.ts';
import { blockName, clusterName, internalHeaders, type ServedPort } from './names.ts';
import { routeConfiguration } from './routes.ts';

/** Makes the listener of a block. Nothing in it depends on the services whose ports lie in the block. */
export function httpBlockListener(block: PortRange, meshAddress: string): Listener {
  const name = blockName('http', block);
  return tcpListener({
    name,
    addresses: blockAddresses(meshAddress, block),
    filters: [
      httpManager({
        statPrefix: 'mesh',
        meshPort: '%DOWNSTREAM_LOCAL_PORT%',
        routes: routesNamed(name),
        filters: [],
        localReplies: [noEndpoints, noService],
      }),
    ],
  });
}

/** Makes the routes of a block: a virtual host for each of its ports in use, found by the number of the port. */
export function httpBlockRoutes(block: PortRange, ports: readonly ServedPort[]): RouteConfiguration {
  return routeConfiguration({
    name: blockName('http', block),
    vhostHeader: internalHeaders.port,
    routes: ports.map((port) => ({
      name: port.key,
      domains: [String(port.meshPort)],
      cluster: clusterName(port),
    })),
  });
}
