// The HTTP connection manager that every HTTP port of a proxy has. It passes on what the client sent, adds what the
// original's proxies added (`x-forwarded-for`, `x-forwarded-proto`), and sets no time limit that nobody asked for.

import { create } from '@bufbuild/protobuf';

import { HeaderValueOption_HeaderAppendAction } from '../gen/envoy/config/core/v3/base_pb.ts';
import { type Filter, FilterSchema } from '../gen/envoy/config/listener/v3/listener_components_pb.ts';
import { RouterSchema } from '../gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import {
  type HttpConnectionManager,
  HttpConnectionManager_CodecType,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
  type ResponseMapper,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { HeaderMutationSchema } from '../gen/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { ads } from './config-source.ts';
import { never, seconds } from './durations.ts';
import { commonHttpOptions, http1, http2, maxHeadersKb } from './http-protocols.ts';
import { internalHeaders } from './names.ts';
import { any } from './pack.ts';
import { safeRequests } from './safe-requests.ts';

/** What differs between the HTTP ports of a proxy. */
export interface HttpManagerOptions {
  /** Under which its statistics are counted, together with all others of the same prefix. */
  readonly statPrefix: string;
  /** Value of the internal port header, in Envoy's format language; undefined where no port is known. */
  readonly meshPort: string | undefined;
  readonly routes: HttpConnectionManager['routeSpecifier'];
  /** Filters before the router. */
  readonly filters: readonly HttpFilter[];
  readonly localReplies: readonly ResponseMapper[];
  /** Internal headers that filters set, besides those that are always set or removed. */
  readonly internalHeaders?: readonly string[];
}

/** Takes the routes from the RouteConfiguration of that name. */
export function routesNamed(name: string): HttpConnectionManager['routeSpecifier'] {
  return {
    case: 'rds',
    value: {
      $typeName: 'envoy.extensions.filters.network.http_connection_manager.v3.Rds',
      configSource: ads,
      routeConfigName: name,
    },
  };
}

/** Makes the network filter that serves HTTP. */
export function httpManager(options: HttpManagerOptions): Filter {
  const typedConfig = any(HttpConnectionManagerSchema, {
    statPrefix: options.statPrefix,
    codecType: HttpConnectionManager_CodecType.AUTO,
    routeSpecifier: options.routes,
    earlyHeaderMutationExtensions: [earlyHeaders(options)],
    httpFilters: [...options.filters, safeRequests, router],
    localReplyConfig: { mappers: [...options.localReplies] },
    ...transparency,
    ...patience,
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: typedConfig },
  });
}

const transparency = {
  httpProtocolOptions: http1,
  http2ProtocolOptions: http2,
  maxRequestHeadersKb: maxHeadersKb,
  upgradeConfigs: [{ upgradeType: 'websocket' }],
  proxy100Continue: true,
  serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
  normalizePath: false,
  mergeSlashes: false,
  pathWithEscapedSlashesAction: HttpConnectionManager_PathWithEscapedSlashesAction.KEEP_UNCHANGED,
  // Appends the caller to what x-forwarded-for says, and believes none of it: who calls is who connects.
  useRemoteAddress: true,
  generateRequestId: false,
  preserveExternalRequestId: true,
};

/**
 * How long callers may keep a connection on which there is no stream, in seconds: longer than pools of clients do (Go's
 * 90 s, OkHttp's 5 min), more than the 3 min of the original's proxies, and shorter than a freed mesh port rests in a
 * cluster, so that none is left when another service gets the port.
 */
export const idleSeconds = 600;

// A stream may be silent for as long as its ends like: gRPC watches and WebSockets are.
const patience = {
  streamIdleTimeout: never,
  requestTimeout: never,
  commonHttpProtocolOptions: commonHttpOptions(seconds(idleSeconds)),
};

const router = create(HttpFilterSchema, {
  name: 'envoy.filters.http.router',
  configType: { case: 'typedConfig', value: any(RouterSchema, { suppressEnvoyHeaders: true }) },
});

/** Sets the internal headers before anything reads one. Overwriting is what keeps clients from sending their own. */
function earlyHeaders({
  meshPort,
  internalHeaders: others = [],
}: Pick<HttpManagerOptions, 'meshPort' | 'internalHeaders'>) {
  const set = (key: string, value: string) => ({
    action: {
      case: 'append' as const,
      value: {
        header: { key, value },
        appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      },
    },
  });
  const remove = (key: string) => ({ action: { case: 'remove' as const, value: key } });
  return {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typedConfig: any(HeaderMutationSchema, {
      mutations: [
        remove(internalHeaders.namespace),
        remove(internalHeaders.host),
        // Without a value in the request, the mutation leaves the header alone: a client's own must go first.
        remove(internalHeaders.forwardedProto),
        set(internalHeaders.forwardedProto, '%REQ(x-forwarded-proto)%'),
        meshPort === undefined ? remove(internalHeaders.port) : set(internalHeaders.port, meshPort),
        ...others.map(remove),
      ],
    }),
  };
}
