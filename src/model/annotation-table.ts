// Every annotation that the mesh knows: its name without prefix, what it says and how that is written.
// docs/traffic.md has a row for each; a test holds the two together.

import { breakerCondition, count, oneOf, type ValueReader } from './annotation-values.ts';
import type { BreakerCondition } from './breaker-condition.ts';
import type { TrafficType } from './topology.ts';
import type { Scheme } from './upstream.ts';

/** What each annotation says. */
export interface AnnotationTypes {
  /** How ports are handled. */
  readonly 'traffic-type': TrafficType;
  /** What the proxy speaks to the pods. */
  readonly scheme: Scheme;
  /** How often a request is sent at most, in all. */
  readonly 'retry-attempts': number;
  /** Requests a second from one client. */
  readonly 'ratelimit-average': number;
  /** Requests at once from one client. */
  readonly 'ratelimit-burst': number;
  /** When requests are not sent any more. */
  readonly 'circuit-breaker-expression': BreakerCondition;
}

export type AnnotationName = keyof AnnotationTypes;

/** How the value of each is read. */
export const annotationTable: { readonly [N in AnnotationName]: ValueReader<AnnotationTypes[N]> } = {
  'traffic-type': oneOf('http', 'tcp', 'udp'),
  scheme: oneOf('http', 'h2c', 'https'),
  'retry-attempts': count,
  'ratelimit-average': count,
  'ratelimit-burst': count,
  'circuit-breaker-expression': breakerCondition,
};
