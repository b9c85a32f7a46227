// When a request is sent to another pod. How often and for what is said by the cluster of a service port, so that it is sent
// once and not with every change of a route. safe-requests.ts adds what goes for safe requests alone.

import { create } from '@bufbuild/protobuf';

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
