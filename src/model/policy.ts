// What a Service asks of the proxies beside passing its requests on, by its annotations: plain data, a part of the
// topology for each service port. What is absent was not asked for.

import type { AnnotationValues } from './annotations.ts';
import type { TrafficType } from './topology.ts';

/** What is asked for a service port. */
export interface PortPolicy {
  /** How often a request is sent at most, in all, where no answer to it has begun. */
  readonly retryAttempts?: number;
}

/** What annotations ask of a port; undefined where they ask nothing, which is what most ports have. */
export function policyOf(values: AnnotationValues, traffic: TrafficType): PortPolicy | undefined {
  const policy = traffic === 'http' ? httpPolicy(values) : {};
  return Object.keys(policy).length === 0 ? undefined : policy;
}

function httpPolicy(values: AnnotationValues): PortPolicy {
  const retryAttempts = values['retry-attempts'];
  return { ...(retryAttempts !== undefined && { retryAttempts }) };
}
