// Puts together what the annotations of a service port ask for, and says where one means nothing without another.

import type { AnnotationName } from './annotation-table.ts';
import type { AnnotationMistake, AnnotationValues } from './annotations.ts';
import type { OutlierEjection, PortPolicy, RateLimit, UpstreamTls } from './policy.ts';
import type { TrafficType } from './topology.ts';

/** What annotations ask of a port: nothing of most. Mistakes are between annotations that each mean something. */
export interface AskedPolicy {
  readonly policy: PortPolicy | undefined;
  readonly mistakes: readonly AnnotationMistake[];
}

/** Puts it together. What isn't for a port's traffic says nothing of it. */
export function policyOf(values: AnnotationValues, traffic: TrafficType): AskedPolicy {
  const mistakes: AnnotationMistake[] = [];
  const policy = {
    loadBalancing: values['load-balancing'],
    affinity: affinityOf(values, traffic, mistakes),
    ...(traffic !== 'udp' && {
      connectTimeoutMs: values['connect-timeout'],
      maxConnections: values['max-connections'],
      outlierEjection: outlierEjectionOf(values, mistakes),
    }),
    ...(traffic === 'http' && {
      retryAttempts: values['retry-attempts'],
      rateLimit: rateLimitOf(values, mistakes),
      circuitBreaker: values['circuit-breaker-expression'],
      requestTimeoutMs: values['request-timeout'],
      maxPendingRequests: values['max-pending-requests'],
      tls: tlsOf(values, mistakes),
    }),
  };
  return { policy: given(policy), mistakes };
}

/** What is there of an object; undefined where nothing is. */
function given<T extends object>(object: T): { readonly [K in keyof T]?: NonNullable<T[K]> } | undefined {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  return members.length === 0
    ? undefined
    : (Object.fromEntries(members) as { [K in keyof T]?: NonNullable<T[K]> });
}

/** As in the original, there is no limit where only one half of it is given; unlike there, somebody says so. */
function rateLimitOf(values: AnnotationValues, mistakes: AnnotationMistake[]): RateLimit | undefined {
  const { 'ratelimit-average': average, 'ratelimit-burst': burst } = values;
  if (average !== undefined && burst !== undefined) return { average, burst };
  if (average !== undefined) mistakes.push(meansNothingWithout('ratelimit-average', 'ratelimit-burst'));
  if (burst !== undefined) mistakes.push(meansNothingWithout('ratelimit-burst', 'ratelimit-average'));
  return undefined;
}

function outlierEjectionOf(
  values: AnnotationValues,
  mistakes: AnnotationMistake[],
): OutlierEjection | undefined {
  const consecutiveErrors = values['outlier-consecutive-errors'];
  if (consecutiveErrors !== undefined) {
    return {
      consecutiveErrors,
      ejectionMs: values['outlier-ejection-time'] ?? 30_000,
      maxEjectedPercent: values['outlier-max-ejected'] ?? 50,
    };
  }
  for (const name of ['outlier-ejection-time', 'outlier-max-ejected'] as const) {
    if (values[name] !== undefined) mistakes.push(meansNothingWithout(name, 'outlier-consecutive-errors'));
  }
  return undefined;
}

/** Connections and datagrams have a source, but neither headers nor cookies. */
function affinityOf(
  values: AnnotationValues,
  traffic: TrafficType,
  mistakes: AnnotationMistake[],
): PortPolicy['affinity'] {
  const affinity = values['session-affinity'];
  if (affinity === undefined || (affinity.by !== 'source' && traffic !== 'http')) return undefined;
  if (values['load-balancing'] !== undefined) {
    mistakes.push({ annotation: 'load-balancing', what: 'means nothing beside session-affinity' });
  }
  return affinity;
}

function tlsOf(values: AnnotationValues, mistakes: AnnotationMistake[]): UpstreamTls | undefined {
  const { 'tls-server-name': serverName, 'tls-ca': ca, 'tls-verify': mustVerify } = values;
  const isUnknownWhom = mustVerify === true && ca === undefined;
  if (isUnknownWhom) {
    mistakes.push({
      annotation: 'tls-verify',
      what: "trusts nobody without tls-ca, so no pod's certificate is good",
    });
  }
  return given({ serverName, trusted: mustVerify === false ? undefined : isUnknownWhom ? 'nobody' : ca });
}

function meansNothingWithout(annotation: AnnotationName, other: AnnotationName): AnnotationMistake {
  return { annotation, what: `means nothing without ${other}` };
}
