// The filter that tells the router which requests are safe to send again. It stands in every HTTP port, so that routes need not
// differ by method: there would be two for each, with two buckets where there is a limit. (A CEL expression in each
// RouteConfiguration says the same, but costs a request five times as much.)

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import { HeaderValueOption_HeaderAppendAction } from '../gen/envoy/config/core/v3/base_pb.ts';
import { ExtensionWithMatcherSchema } from '../gen/envoy/extensions/common/matching/v3/extension_matcher_pb.ts';
import { SkipFilterSchema } from '../gen/envoy/extensions/filters/common/matcher/action/v3/skip_action_pb.ts';
import { HeaderMutationSchema } from '../gen/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { HttpRequestHeaderMatchInputSchema } from '../gen/envoy/type/matcher/v3/http_inputs_pb.ts';
import { any } from './pack.ts';

const extension = (name: string, typedConfig: Any) => ({ name, typedConfig });

/** Methods that RFC 9110 (section 9.2.1) calls safe: sending such a request twice asks for nothing twice. */
const safeMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

const method = extension('method', any(HttpRequestHeaderMatchInputSchema, { headerName: ':method' }));

const isSafe = {
  matchType: {
    case: 'orMatcher' as const,
    value: {
      predicate: safeMethods.map((name) => ({
        matchType: {
          case: 'singlePredicate' as const,
          value: {
            input: method,
            matcher: {
              case: 'valueMatch' as const,
              value: { matchPattern: { case: 'exact' as const, value: name } },
            },
          },
        },
      })),
    },
  },
};

const mutation = any(HeaderMutationSchema, {
  mutations: {
    requestMutations: [
      {
        action: {
          case: 'append',
          value: {
            header: { key: 'x-envoy-retry-on', value: 'reset' },
            appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
          },
        },
      },
    ],
  },
});

/**
 * Safe requests are also sent again where the connection broke before a response began, as Go's client does (and so the
 * original's proxies did) on a reused connection: a server that closes an unused connection just as a request is sent on it
 * would otherwise cost the caller a 503. Other requests get that 503, since a server may have acted on them; they meet it only
 * where a server closes connections sooner than the proxy does (cluster.ts), or stops. The router takes the header for
 * itself, and it never comes from a client: Envoy strips it from what comes in.
 */
export const safeRequests: HttpFilter = create(HttpFilterSchema, {
  name: 'maesh.safe_requests',
  configType: {
    case: 'typedConfig',
    value: any(ExtensionWithMatcherSchema, {
      extensionConfig: extension('envoy.filters.http.header_mutation', mutation),
      xdsMatcher: {
        matcherType: {
          case: 'matcherList',
          value: {
            matchers: [
              {
                predicate: { matchType: { case: 'notMatcher', value: isSafe } },
                onMatch: { onMatch: { case: 'action', value: extension('skip', any(SkipFilterSchema, {})) } },
              },
            ],
          },
        },
      },
    }),
  },
});
