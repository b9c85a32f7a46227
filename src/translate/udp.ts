// UDP ports: a listener each, since a UDP listener knows one destination.

import { create } from '@bufbuild/protobuf';

import { type Listener, ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import { type AddressAndPort, udpAddress } from './address.ts';
import { seconds } from './durations.ts';
import { any } from './pack.ts';

/**
 * Makes a listener that passes datagrams on. Those of one sender go to one pod until it has been silent for a minute.
 * Each worker has a socket of its own: Envoy refuses anything else for UDP.
 */
export function udpListener(options: {
  readonly name: string;
  readonly at: AddressAndPort;
  readonly cluster: string;
}): Listener {
  const typedConfig = any(UdpProxyConfigSchema, {
    statPrefix: 'mesh',
    idleTimeout: seconds(60),
    // Where the cluster asks for it (cluster-policy.ts), a sender comes to the same pod again.
    hashPolicies: [{ policySpecifier: { case: 'sourceIp', value: true } }],
    routeSpecifier: {
      case: 'matcher',
      value: {
        onNoMatch: {
          onMatch: {
            case: 'action',
            value: { name: 'route', typedConfig: any(RouteSchema, { cluster: options.cluster }) },
          },
        },
      },
    },
  });
  return create(ListenerSchema, {
    name: options.name,
    statPrefix: options.name,
    address: udpAddress(options.at),
    udpListenerConfig: {},
    enableReusePort: true,
    listenerFilters: [
      {
        name: 'envoy.filters.udp_listener.udp_proxy',
        configType: { case: 'typedConfig', value: typedConfig },
      },
    ],
  });
}
