// What a Service asks of the proxies beside passing its requests on: plain data, a part of the topology for each service
// port. What is absent was not asked for.

import type { BreakerCondition } from './breaker-condition.ts';

/** What is asked for a service port. All of it holds at each proxy for itself. */
export interface PortPolicy {
  /** How often a request is sent at most, in all, where no answer to it has begun. */
  readonly retryAttempts?: number;
  readonly rateLimit?: RateLimit;
  /** Where it holds, requests are refused for a time. */
  readonly circuitBreaker?: BreakerCondition;
  /** Within which an answer must have ended; all attempts are within it. */
  readonly requestTimeoutMs?: number;
  /** Within which a connection to a pod must be there. */
  readonly connectTimeoutMs?: number;
  /** Connections to all pods together. */
  readonly maxConnections?: number;
  /** Requests that wait for a connection. */
  readonly maxPendingRequests?: number;
  readonly outlierEjection?: OutlierEjection;
  readonly loadBalancing?: LoadBalancing;
  readonly affinity?: Affinity;
  readonly tls?: UpstreamTls;
}

/** How many requests one client address gets through one proxy: a bucket of tokens, one a request. */
export interface RateLimit {
  /** Tokens that come a second. */
  readonly average: number;
  /** Tokens that the bucket holds, and begins with. */
  readonly burst: number;
}

/** When a pod is left out for a time. */
export interface OutlierEjection {
  /** Failures on end after which it is: statuses from 500 on, and connections that fail. */
  readonly consecutiveErrors: number;
  /** For how long, the first time; each further time by as much longer, up to five minutes. */
  readonly ejectionMs: number;
  /** How many in a hundred pods may be left out at once. */
  readonly maxEjectedPercent: number;
}

/** How the next pod is chosen. */
export type LoadBalancing = 'round-robin' | 'least-request' | 'random';

/** What makes a client come to the same pod again, for as long as pods don't change. */
export type Affinity =
  /** Its address. */
  | { readonly by: 'source' }
  /** A cookie, which the proxy sets where there is none, or a header; of that name. */
  | { readonly by: 'cookie' | 'header'; readonly name: string };

/** How TLS to pods is spoken, where it is. */
export interface UpstreamTls {
  /** Sent as SNI, and looked for in certificates; `<service>.<namespace>.svc` by default. */
  readonly serverName?: string;
  /** Who must have signed pods' certificates. Absent: they are not looked at. */
  readonly trusted?: TrustedCa;
}

/** Certificates in PEM, or none: then no pod's is good. */
export type TrustedCa = { readonly pem: string } | 'nobody';
