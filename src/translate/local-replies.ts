// What proxies answer by themselves: an explanation for the person who reads it, as text.

import { create, type MessageInitShape } from '@bufbuild/protobuf';

import {
  type ResponseMapper,
  ResponseMapperSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';

/** Replies where the service is known and has nobody to answer; the status is Envoy's 503. */
export const noEndpoints: ResponseMapper = onFlag(
  'UH',
  'No endpoint of %UPSTREAM_CLUSTER% is ready (namespace/service/port).\n',
);

/** What is said where nothing is behind a mesh port. */
export const noServiceText = 'No service of the mesh is behind this port.\n';

/** Replies where nothing is behind a mesh port; the status is Envoy's 404. */
export const noService: ResponseMapper = onFlag('NR', noServiceText);

/** Replies where the Host on the port for all services is nobody's; the status is Envoy's 404. */
export const noSuchHost: ResponseMapper = onFlag(
  'NR',
  'No HTTP service of the mesh is called %REQ(:authority)%. ' +
    'Names look like shop.store.maesh, for service shop in namespace store, ' +
    'with a port behind them (shop.store.maesh:8080) for one that is not the first.\n',
);

/** Refuses to be a tunnel: of a forward proxy's two ways, the mesh offers the one that it can route. */
export const noTunnel: ResponseMapper = create(ResponseMapperSchema, {
  filter: {
    filterSpecifier: {
      case: 'headerFilter',
      value: {
        header: {
          name: ':method',
          headerMatchSpecifier: {
            case: 'stringMatch',
            value: { matchPattern: { case: 'exact', value: 'CONNECT' } },
          },
        },
      },
    },
  },
  statusCode: 405,
  ...replyText('The mesh opens no tunnels (CONNECT): call services by http://, not https://.\n'),
});

function onFlag(flag: string, body: string): ResponseMapper {
  return create(ResponseMapperSchema, {
    filter: { filterSpecifier: { case: 'responseFlagFilter', value: { flags: [flag] } } },
    ...replyText(body),
  });
}

/** The body of a reply, in Envoy's format language. */
export function replyText(
  format: string,
): Pick<MessageInitShape<typeof ResponseMapperSchema>, 'bodyFormatOverride'> {
  return {
    bodyFormatOverride: {
      format: {
        case: 'textFormatSource' as const,
        value: { specifier: { case: 'inlineString' as const, value: format } },
      },
      contentType: 'text/plain; charset=utf-8',
    },
  };
}
