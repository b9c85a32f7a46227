// What a service port asks for and filters do: they stand in every HTTP port from the start, since the bytes of a
// listener never depend on services, and do nothing but where a route has a configuration for them. (Envoy's `disabled`
// would save no more than the look for one, and is decided before the filters that choose a route by its name.)

import type { Any } from '@bufbuild/protobuf/wkt';

import type { HttpFilter } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { PortPolicy } from '../model/policy.ts';
import { rateLimit, rateLimitFilter, rateLimitName } from './rate-limit.ts';

/** The filters, in the order in which requests pass them. */
export const policyFilters: readonly HttpFilter[] = [rateLimitFilter];

/**
 * The configurations of a policy by filter: for the `typedPerFilterConfig` of a virtual host, a route, or one of the clusters
 * that a route divides its requests between. Of several, Envoy takes the innermost.
 */
export function filterPolicy(policy: PortPolicy | undefined): Record<string, Any> {
  if (policy?.rateLimit === undefined) return {};
  return { [rateLimitName]: rateLimit(policy.rateLimit) };
}
