// What a Service asks of the proxies beside passing its requests on, by its annotations: plain data, a part of the
// topology for each service port. What is absent was not asked for.

import type { AnnotationName } from './annotation-table.ts';
import type { AnnotationMistake, AnnotationValues } from './annotations.ts';
import type { BreakerCondition } from './breaker-condition.ts';
import type { TrafficType } from './topology.ts';

/** What is asked for a service port. */
export interface PortPolicy {
  /** How often a request is sent at most, in all, where no answer to it has begun. */
  readonly retryAttempts?: number;
  readonly rateLimit?: RateLimit;
  /** Where it holds, requests are refused for a time. */
  readonly circuitBreaker?: BreakerCondition;
}

/** How many requests one client address gets through one proxy: a bucket of tokens, one a request. */
export interface RateLimit {
  /** Tokens that come a second. */
  readonly average: number;
  /** Tokens that the bucket holds, and begins with. */
  readonly burst: number;
}

/** What annotations ask of a port: nothing of most. Mistakes are between annotations that each mean something. */
export interface AskedPolicy {
  readonly policy: PortPolicy | undefined;
  readonly mistakes: readonly AnnotationMistake[];
}

const nothing: AskedPolicy = { policy: undefined, mistakes: [] };

/** Puts together what annotations ask of a port. Those that are for HTTP say nothing of another. */
export function policyOf(values: AnnotationValues, traffic: TrafficType): AskedPolicy {
  if (traffic !== 'http') return nothing;
  const { 'retry-attempts': retryAttempts, 'circuit-breaker-expression': circuitBreaker } = values;
  const { rateLimit, mistakes } = rateLimitOf(values);
  const policy: PortPolicy = {
    ...(retryAttempts !== undefined && { retryAttempts }),
    ...(rateLimit !== undefined && { rateLimit }),
    ...(circuitBreaker !== undefined && { circuitBreaker }),
  };
  const isNothing = Object.keys(policy).length === 0;
  return isNothing && mistakes.length === 0 ? nothing : { policy: isNothing ? undefined : policy, mistakes };
}

/** As in the original, there is no limit where only one half of it is given; unlike there, somebody says so. */
function rateLimitOf({ 'ratelimit-average': average, 'ratelimit-burst': burst }: AnnotationValues): {
  readonly rateLimit?: RateLimit;
  readonly mistakes: readonly AnnotationMistake[];
} {
  if (average !== undefined && burst !== undefined) return { rateLimit: { average, burst }, mistakes: [] };
  if (average !== undefined) return { mistakes: [aloneMeansNothing('ratelimit-average', 'ratelimit-burst')] };
  if (burst !== undefined) return { mistakes: [aloneMeansNothing('ratelimit-burst', 'ratelimit-average')] };
  return { mistakes: [] };
}

function aloneMeansNothing(annotation: AnnotationName, other: AnnotationName): AnnotationMistake {
  return { annotation, what: `means nothing without ${other}` };
}
