// What a service port asks for and filters do: they stand in every HTTP port from the start, since the bytes of a
// listener never depend on services, and do nothing but where a route has a configuration for them. (Envoy's `disabled`
// would save no more than the look for one, and is decided before the filters that choose a route by its name.)

import type { Any } from '@bufbuild/protobuf/wkt';

import type { HeaderValueOption } from '../gen/envoy/config/core/v3/base_pb.ts';
import type { HttpFilter } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { ServicePort } from '../model/topology.ts';
import { accessFilterName } from './access/access-policy.ts';
import { breaker, breakerFilter, breakerHeader, breakerName } from './circuit-breaker.ts';
import { rateLimit, rateLimitFilter, rateLimitName } from './rate-limit.ts';

/** The filters, in the order in which requests pass them: what a limit refuses is no failure to a breaker. */
export const policyFilters: readonly HttpFilter[] = [rateLimitFilter, breakerFilter];

/**
 * The filters in a listener of one service port alone. There may be thousands of those, and a script costs each 0.4 MiB in
 * a proxy with two workers: so it is there only where it is needed, by the port itself or one that gets a part of it, and
 * such a listener changes when that does.
 */
export function policyFiltersOf(port: Pick<ServicePort, 'policy' | 'splits'>): readonly HttpFilter[] {
  const ports = [port, ...(port.splits ?? []).flatMap(({ backends }) => backends)];
  const hasBreaker = ports.some(({ policy }) => policy?.circuitBreaker !== undefined);
  return hasBreaker ? policyFilters : [rateLimitFilter];
}

/**
 * What a virtual host, a route, or one of the clusters that a route divides its requests between needs for the policy of
 * a service port. Of several configurations, Envoy takes the innermost.
 */
export interface FilterPolicy {
  readonly typedPerFilterConfig: Record<string, Any>;
  readonly responseHeadersToAdd: HeaderValueOption[];
}

/** Makes it, with who may take the route where it says so itself. */
export function filterPolicy({
  key,
  policy,
  guard,
}: Pick<ServicePort, 'key' | 'policy'> & { readonly guard?: Any | undefined }): FilterPolicy {
  const { rateLimit: limit, circuitBreaker: condition } = policy ?? {};
  return {
    typedPerFilterConfig: {
      ...(guard !== undefined && { [accessFilterName]: guard }),
      ...(limit !== undefined && { [rateLimitName]: rateLimit(limit) }),
      ...(condition !== undefined && { [breakerName]: breaker(key, condition) }),
    },
    responseHeadersToAdd: condition === undefined ? [] : [breakerHeader],
  };
}
