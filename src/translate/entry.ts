// Entry listeners: a service's real ports, open on the loopback address that DNS answers for it in standalone mode.

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { PortRange } from '../model/ports.ts';
import { accessControl } from './access/access-control.ts';
import type { AddressAndPort } from './address.ts';
import { policyFiltersOf } from './filter-policy.ts';
import { httpManager, routesNamed } from './http-manager.ts';
import { tcpListener } from './listener.ts';
import { noEndpoints, noService } from './local-replies.ts';
import { blockName, clusterName, entryName, type ServedPort } from './names.ts';
import type { TranslateOptions } from './options.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { udpListener } from './udp.ts';

/**
 * Makes the listener of a service port. It does what the port's mesh port does: an HTTP one says that the request came
 * to the mesh port and uses the routes of its block.
 */
export function entryListener(
  port: ServedPort,
  where: {
    readonly at: AddressAndPort;
    readonly block: PortRange;
    readonly options: Pick<TranslateOptions, 'isAccessControlled'>;
  },
): Listener {
  const name = entryName(port);
  const { at, block, options } = where;
  const access = accessControl(options);
  if (port.traffic === 'udp') return udpListener({ name, at, cluster: clusterName(port) });
  const filter =
    port.traffic === 'tcp'
      ? tcpProxy({ statPrefix: 'entry', cluster: clusterName(port) })
      : httpManager({
          statPrefix: 'entry',
          meshPort: String(port.meshPort),
          routes: routesNamed(blockName('http', block)),
          filters: [...access.filters, ...policyFiltersOf(port)],
          internalHeaders: access.internalHeaders,
          localReplies: [noEndpoints, noService, ...access.localReplies],
        });
  return tcpListener({ name, addresses: [at], filters: [filter] });
}
