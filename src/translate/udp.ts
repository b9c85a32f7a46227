// UDP ports: a listener each, since a UDP listener knows one destination.

import { create } from '@bufbuild/protobuf';

import { type Listener, ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import {
  type Matcher,
  type Matcher_OnMatch,
  Matcher_OnMatchSchema,
  MatcherSchema,
} from '../gen/xds/type/matcher/v3/matcher_pb.ts';
import { type AddressAndPort, udpAddress } from './address.ts';
import { seconds } from './durations.ts';
import { any } from './pack.ts';

/** What a listener does with a datagram that goes to a cluster. */
export function udpRoute(cluster: string): Matcher_OnMatch {
  return create(Matcher_OnMatchSchema, {
    onMatch: { case: 'action', value: { name: 'route', typedConfig: any(RouteSchema, { cluster }) } },
  });
}

/** Makes a listener that passes everybody's datagrams on to a cluster. */
export function udpListener({
  cluster,
  ...listener
}: {
  readonly name: string;
  readonly at: AddressAndPort;
  readonly cluster: string;
}): Listener {
  return matchingUdpListener({
    ...listener,
    matcher: create(MatcherSchema, { onNoMatch: udpRoute(cluster) }),
  });
}

/**
 * Makes a listener that passes datagrams on as its matcher says ({@link udpRoute}); what fits nothing in it is dropped
 * without an answer. Those of one sender go to one pod until it has been silent for a minute, or until the listener changes:
 * Envoy then begins anew with each sender, and answers that are on their way at that moment are lost (tried: as many as
 * senders were waiting for, and nothing else). Each worker has a socket of its own: Envoy refuses anything else for UDP.
 */
export function matchingUdpListener(options: {
  readonly name: string;
  readonly at: AddressAndPort;
  readonly matcher: Matcher;
}): Listener {
  const typedConfig = any(UdpProxyConfigSchema, {
    statPrefix: 'mesh',
    idleTimeout: seconds(60),
    // Where the cluster asks for it (cluster-policy.ts), a sender comes to the same pod again.
    hashPolicies: [{ policySpecifier: { case: 'sourceIp', value: true } }],
    routeSpecifier: { case: 'matcher', value: options.matcher },
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
