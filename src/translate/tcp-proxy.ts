// The network filter that passes TCP connections on as they are.

import { create } from '@bufbuild/protobuf';

import { type Filter, FilterSchema } from '../gen/envoy/config/listener/v3/listener_components_pb.ts';
import { TcpProxySchema } from '../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { never } from './durations.ts';
import { any } from './pack.ts';

/**
 * Makes the filter. Connections may be silent for as long as they like (a pool of database connections is, over
 * night); TCP keep-alive ends those whose other end is gone. A pod that can't be reached is no reason to give up
 * while there are others: nothing has been sent yet.
 */
export function tcpProxy(options: { readonly statPrefix: string; readonly cluster: string }): Filter {
  const typedConfig = any(TcpProxySchema, {
    statPrefix: options.statPrefix,
    clusterSpecifier: { case: 'cluster', value: options.cluster },
    idleTimeout: never,
    maxConnectAttempts: 5,
    // Where the cluster asks for it (cluster-policy.ts), a client comes to the same pod again.
    hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }],
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: typedConfig },
  });
}
