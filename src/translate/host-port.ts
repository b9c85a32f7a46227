// The port that serves every HTTP service by Host, also as a forward proxy: `curl -H 'Host: shop.store.maesh'` and
// `http_proxy=…`. Its routes come by namespace (scoped routes), so that a new service re-sends those of its own only.

import { create } from '@bufbuild/protobuf';

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { RouteConfiguration } from '../gen/envoy/config/route/v3/route_pb.ts';
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
import { type HttpRoute, routeConfiguration } from './routes.ts';

/** HTTP ports of one service, in the service's own order. */
export interface HostService {
  readonly name: string;
  readonly ports: readonly ServedPort[];
}

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

/** Makes the routes of a namespace. A Host without a port means port 80, or the first where 80 isn't served. */
export function hostRoutes(namespace: string, services: readonly HostService[]): RouteConfiguration {
  return routeConfiguration({
    name: hostRoutesName(namespace),
    vhostHeader: internalHeaders.host,
    routes: services.flatMap(serviceRoutes),
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

function serviceRoutes({ name, ports }: HostService): HttpRoute[] {
  const main = ports.find(({ port }) => port === 80) ?? ports[0];
  return ports.map((port) => ({
    name: port.key,
    domains: port === main ? [name, `${name}:${port.port}`] : [`${name}:${port.port}`],
    policy: port.policy,
    splits: port.splits,
    access: port.access,
  }));
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
