// Every annotation that the mesh knows: its name without prefix, what it says and how that is written.
// docs/traffic.md has a row for each; a test holds the two together.

import {
  affinity,
  breakerCondition,
  count,
  dnsName,
  duration,
  flag,
  oneOf,
  percentage,
  trustedCa,
  type ValueReader,
} from './annotation-values.ts';
import type { BreakerCondition } from './breaker-condition.ts';
import type { Affinity, LoadBalancing, TrustedCa } from './policy.ts';
import type { TrafficType } from './topology.ts';
import type { Scheme } from './upstream.ts';

/** What each annotation says; {@link PortPolicy} says what it means. The original's come first. */
export interface AnnotationTypes {
  readonly 'traffic-type': TrafficType;
  readonly scheme: Scheme;
  readonly 'retry-attempts': number;
  readonly 'ratelimit-average': number;
  readonly 'ratelimit-burst': number;
  readonly 'circuit-breaker-expression': BreakerCondition;
  readonly 'tls-server-name': string;
  readonly 'tls-ca': TrustedCa;
  readonly 'tls-verify': boolean;
  readonly 'request-timeout': number;
  readonly 'connect-timeout': number;
  readonly 'max-connections': number;
  readonly 'max-pending-requests': number;
  readonly 'load-balancing': LoadBalancing;
  readonly 'session-affinity': Affinity;
  readonly 'outlier-consecutive-errors': number;
  readonly 'outlier-ejection-time': number;
  readonly 'outlier-max-ejected': number;
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
  'tls-server-name': dnsName,
  'tls-ca': trustedCa,
  'tls-verify': flag,
  'request-timeout': duration,
  'connect-timeout': duration,
  'max-connections': count,
  'max-pending-requests': count,
  'load-balancing': oneOf('round-robin', 'least-request', 'random'),
  'session-affinity': affinity,
  'outlier-consecutive-errors': count,
  'outlier-ejection-time': duration,
  'outlier-max-ejected': percentage,
};
