// The listener by which a proxy says that it is ready: it is part of what the proxy is told, so a proxy that answers
// has been told the rest.

import { create } from '@bufbuild/protobuf';

import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.ts';
import type { AddressAndPort } from './address.ts';
import { httpManager } from './http-manager.ts';
import { tcpListener } from './listener.ts';
import { readinessName } from './names.ts';

/** Makes the listener: `GET /ping` answers 200, as the original's proxies do, and anything else 404. */
export function readinessListener(at: AddressAndPort): Listener {
  return tcpListener({
    name: readinessName,
    addresses: [at],
    filters: [
      httpManager({
        statPrefix: readinessName,
        meshPort: undefined,
        routes: { case: 'routeConfig', value: routes },
        filters: [],
        localReplies: [],
      }),
    ],
  });
}

const routes = create(RouteConfigurationSchema, {
  name: readinessName,
  virtualHosts: [
    {
      name: readinessName,
      domains: ['*'],
      routes: [
        {
          match: { pathSpecifier: { case: 'path', value: '/ping' } },
          action: {
            case: 'directResponse',
            value: { status: 200, body: { specifier: { case: 'inlineString', value: 'OK' } } },
          },
        },
      ],
    },
  ],
});
