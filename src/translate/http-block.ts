// A block of HTTP mesh ports: one listener, which never changes, and the RouteConfiguration that does.

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { VirtualHost } from '../gen/envoy/config/route/v3/route_components_pb.ts';
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
import { encodeHost, encodeRoutes, virtualHost } from './routes.ts';
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
  readonly block: PortRange;
}

/**
 * Encodes the routes of a block: a virtual host for each service port ({@link blockHost}), one for each port that is shared,
 * and one for all others.
 */
export function encodeBlockRoutes<P extends BlockPort>(
  block: PortRange,
  { ports, encodedHost }: { readonly ports: readonly P[]; readonly encodedHost: (port: P) => Uint8Array },
): Uint8Array {
  const shared = new Map(ports.flatMap(sharedHere).map((each) => [each.port, each]));
  const isAccessControlled = ports.some(({ port }) => port.access !== undefined);
  const others = [
    isAccessControlled ? withoutGuard(noServiceHost) : noServiceHost,
    ...shared.values().map(sharedVirtualHost),
  ].toSorted((a, b) => byText(a.name, b.name));
  return encodeRoutes({
    name: blockName('http', block),
    vhostHeader: internalHeaders.port,
    isAccessControlled,
    hosts: [...ports.map(encodedHost), ...others.map(encodeHost)],
  });
}

/** Makes the virtual host of a service port: found by the number of its mesh port, and by name on ports that it shares. */
export function blockHost(placed: BlockPort, options: Pick<TranslateOptions, 'meshDomains'>): VirtualHost {
  const { service, port, block } = placed;
  const here = sharedHere(placed);
  const isOwn = isIn(block, port.meshPort) && here.every((each) => each.port !== port.meshPort);
  return virtualHost({
    name: port.key,
    domains: [
      ...(isOwn ? [String(port.meshPort)] : []),
      ...here.flatMap((each) => sharedDomains(service, each.port, options.meshDomains)),
    ],
    policy: port.policy,
    splits: port.splits,
    access: port.access,
  });
}

function sharedHere({ port, block }: BlockPort): readonly SharedPort[] {
  return (port.sharedPorts ?? []).filter((each) => isIn(block, each.port));
}

function isIn({ first, last }: PortRange, port: number): boolean {
  return first <= port && port <= last;
}
