// When a request is sent to another pod. How often and for what is said by the cluster of a service port, so that it is sent
// once and not with every change of a route; a route adds what goes for safe requests alone.

import { create } from '@bufbuild/protobuf';

import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '../gen/envoy/config/core/v3/base_pb.ts';
import { type RetryPolicy, RetryPolicySchema } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { milliseconds } from './durations.ts';
import { any } from './pack.ts';

/**
 * So many attempts in all, within milliseconds, each at another pod where there is one; and only where no server can have
 * begun on the request: it could not connect, the connection broke before the request was on it, or an HTTP/2 server says
 * that it refused the stream (RFC 9113, section 8.7).
 *
 * @param attempts - 3 where a Service asks for no other number.
 */
export function retryPolicy(attempts = 3): RetryPolicy {
  return create(RetryPolicySchema, {
    retryOn: 'connect-failure,refused-stream,reset-before-request',
    numRetries: attempts - 1,
    retryBackOff: { baseInterval: milliseconds(2), maxInterval: milliseconds(20) },
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { case: 'typedConfig', value: any(PreviousHostsPredicateSchema, {}) },
      },
    ],
    hostSelectionRetryMaxAttempts: 3n,
  });
}

/**
 * What a route of safe requests adds: they are also sent again where the connection broke before a response began, as Go's
 * client does (and so the original's proxies did) on a reused connection: a server that closes an unused connection just as
 * a request is sent on it would otherwise cost the caller a 503. Other requests get that 503, since a server may have acted
 * on them; they meet it only where a server closes connections sooner than the proxy does (cluster.ts), or stops. The router
 * takes the header for itself, and it never comes from a client: Envoy strips it from what comes in.
 */
export const alsoWhenBroken: HeaderValueOption = create(HeaderValueOptionSchema, {
  header: { key: 'x-envoy-retry-on', value: 'reset' },
  appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
});
