// A block of TCP mesh ports: one listener, of which nothing ever changes but who gets through, where access is controlled.
// A connection's local port names its cluster, so a port is in use when that cluster exists; a connection to a port
// without one is closed at once.

import { create } from '@bufbuild/protobuf';

import { type Filter, FilterSchema } from '../gen/envoy/config/listener/v3/listener_components_pb.ts';
import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { ConfigSchema } from '../gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.ts';
import type { PortRange } from '../model/ports.ts';
import { blockAddresses, type Guard, tcpListener } from './listener.ts';
import { blockName, tcpClusterNameFormat } from './names.ts';
import { any } from './pack.ts';
import { tcpProxy } from './tcp-proxy.ts';

/** Makes the listener of a block. Only the guard depends on the services whose ports lie in the block. */
export function tcpBlockListener(block: PortRange, meshAddress: string, guard?: Guard): Listener {
  return tcpListener({
    name: blockName('tcp', block),
    addresses: blockAddresses(meshAddress, block),
    filters: [clusterByPort, tcpProxy({ statPrefix: 'mesh', cluster: 'none' })],
    guard,
  });
}

/** Tells the TCP proxy behind it which cluster to use, instead of the one that it is configured with. */
const clusterByPort: Filter = create(FilterSchema, {
  name: 'envoy.filters.network.set_filter_state',
  configType: {
    case: 'typedConfig',
    value: any(ConfigSchema, {
      onNewConnection: [
        {
          key: { case: 'objectKey', value: 'envoy.tcp_proxy.cluster' },
          value: {
            case: 'formatString',
            value: {
              format: {
                case: 'textFormatSource',
                value: { specifier: { case: 'inlineString', value: tcpClusterNameFormat } },
              },
            },
          },
        },
      ],
    }),
  },
});
