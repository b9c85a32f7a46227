// The port that serves every HTTP service by Host, also as a forward proxy: `curl -H 'Host: shop.store.maesh'` and
// `http_proxy=…`. Its routes come by namespace (scoped routes), so that a new service re-sends those of its own only.

import { create } from '@bufbuild/protobuf';

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { VirtualHost } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import {
  type ScopedRouteConfiguration,
  ScopedRouteConfigurationSchema,
} from '../gen/envoy/config/route/v3/scoped_route_pb.ts';
import {
  type HttpConnectionManager,
  ScopedRoutesSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { accessControl } from './access/access-control.ts';
import type { AddressAndPort } from './address.ts';
import { ads } from './config-source.ts';
import { policyFilters } from './filter-policy.ts';
import { hostFilter } from './host-lua.ts';
import { httpManager } from './http-manager.ts';
import { tcpListener } from './listener.ts';
import { noEndpoints, noSuchHost, noTunnel } from './local-replies.ts';
import { hostPortName, hostRoutesName, internalHeaders, type ServedPort } from './names.ts';
import type { TranslateOptions } from './options.ts';
import { encodeRoutes, virtualHost } from './routes.ts';

/** Makes the listener. */
export function hostListener(
  at: AddressAndPort,
  options: Pick<TranslateOptions, 'isAccessControlled'>,
): Listener {
  const access = accessControl(options);
  return tcpListener({
    name: hostPortName,
    addresses: [at],
    filters: [
      httpManager({
        statPrefix: hostPortName,
        meshPort: undefined,
        routes: byNamespace,
        filters: [hostFilter, ...access.filters, ...policyFilters],
        internalHeaders: access.internalHeaders,
        localReplies: [noTunnel, noEndpoints, noSuchHost, ...access.localReplies],
      }),
    ],
  });
}

/** Encodes the routes of a namespace: a virtual host for each HTTP port of its services ({@link namedHost}). */
export function encodeHostRoutes(
  namespace: string,
  options: Pick<Parameters<typeof encodeRoutes>[0], 'hosts' | 'isAccessControlled'>,
): Uint8Array {
  return encodeRoutes({
    ...options,
    name: hostRoutesName(namespace),
    vhostHeader: internalHeaders.host,
  });
}

/**
 * Makes the virtual host of a port among the HTTP ports of its service, which are in the service's own order. A Host without
 * a port means port 80, or the first where 80 isn't served.
 */
export function namedHost(service: string, port: ServedPort, ports: readonly ServedPort[]): VirtualHost {
  const main = ports.find((each) => each.port === 80) ?? ports[0];
  const withPort = `${service}:${port.port}`;
  return virtualHost({
    name: port.key,
    domains: port === main ? [service, withPort] : [withPort],
    policy: port.policy,
    splits: port.splits,
    access: port.access,
  });
}

/** Makes the scope that leads from a namespace to its routes. */
export function hostScope(namespace: string): ScopedRouteConfiguration {
  return create(ScopedRouteConfigurationSchema, {
    name: hostRoutesName(namespace),
    routeConfigurationName: hostRoutesName(namespace),
    key: { fragments: [{ type: { case: 'stringKey', value: namespace } }] },
  });
}

const byNamespace: HttpConnectionManager['routeSpecifier'] = {
  case: 'scopedRoutes',
  value: create(ScopedRoutesSchema, {
    name: hostPortName,
    scopeKeyBuilder: {
      fragments: [
        {
          type: {
            case: 'headerValueExtractor',
            value: { name: internalHeaders.namespace, extractType: { case: 'index', value: 0 } },
          },
        },
      ],
    },
    rdsConfigSource: ads,
    configSpecifier: { case: 'scopedRds', value: { scopedRdsConfigSource: ads } },
  }),
};
