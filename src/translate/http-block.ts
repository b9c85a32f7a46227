// A block of HTTP mesh ports: one listener, which never changes, and the RouteConfiguration that does.

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { RouteConfiguration } from '../gen/envoy/config/route/v3/route_pb.ts';
import { byText } from '../model/key.ts';
import type { PortRange } from '../model/ports.ts';
import type { Service, SharedPort } from '../model/topology.ts';
import { accessControl } from './access/access-control.ts';
import { withoutGuard } from './access/access-policy.ts';
import { policyFilters } from './filter-policy.ts';
import { httpManager, routesNamed } from './http-manager.ts';
import { blockAddresses, tcpListener } from './listener.ts';
import { noEndpoints, noService } from './local-replies.ts';
import { noServiceFilter, noServiceHost } from './no-service.ts';
import { blockName, internalHeaders, type ServedPort } from './names.ts';
import type { TranslateOptions } from './options.ts';
import { routeConfiguration } from './routes.ts';
import { sharedDomains, sharedPortFilter, sharedVirtualHost } from './shared-port.ts';

/** Makes the listener of a block. Nothing in it depends on the services whose ports lie in the block. */
export function httpBlockListener(
  block: PortRange,
  options: Pick<TranslateOptions, 'meshAddress' | 'isAccessControlled'>,
): Listener {
  const name = blockName('http', block);
  const access = accessControl(options);
  return tcpListener({
    name,
    addresses: blockAddresses(options.meshAddress, block),
    filters: [
      httpManager({
        statPrefix: 'mesh',
        meshPort: '%DOWNSTREAM_LOCAL_PORT%',
        routes: routesNamed(name),
        filters: [noServiceFilter, sharedPortFilter, ...access.filters, ...policyFilters],
        internalHeaders: access.internalHeaders,
        localReplies: [noEndpoints, noService, ...access.localReplies],
      }),
    ],
  });
}

/** A service port of which a mesh port lies in the block. */
export interface BlockPort {
  readonly service: Pick<Service, 'name' | 'namespace'>;
  readonly port: ServedPort;
}

/**
 * Makes the routes of a block: a virtual host for each service port, found by the number of its mesh port, and by name on
 * ports that it shares; one for each port that is shared, and one for all others.
 */
export function httpBlockRoutes(block: PortRange, ports: readonly BlockPort[]): RouteConfiguration {
  const shared = new Map<number, SharedPort>();
  const isControlled = ports.some(({ port }) => port.access !== undefined);
  const routes = ports.map(({ service, port }) => {
    const here = (port.sharedPorts ?? []).filter((each) => isIn(block, each.port));
    for (const each of here) shared.set(each.port, each);
    const isOwn = isIn(block, port.meshPort) && here.every((each) => each.port !== port.meshPort);
    return {
      name: port.key,
      domains: [
        ...(isOwn ? [String(port.meshPort)] : []),
        ...here.flatMap((each) => sharedDomains(service, each.port)),
      ],
      policy: port.policy,
      splits: port.splits,
      access: port.access,
    };
  });
  return routeConfiguration({
    name: blockName('http', block),
    vhostHeader: internalHeaders.port,
    routes,
    others: [
      isControlled ? withoutGuard(noServiceHost) : noServiceHost,
      ...shared.values().map(sharedVirtualHost),
    ].toSorted((a, b) => byText(a.name, b.name)),
  });
}

function isIn({ first, last }: PortRange, port: number): boolean {
  return first <= port && port <= last;
}
