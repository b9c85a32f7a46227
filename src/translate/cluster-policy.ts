// What a service port asks for and its cluster does: limits, ejection, and how pods are chosen.

import { create } from '@bufbuild/protobuf';

import {
  type CircuitBreakers,
  CircuitBreakers_Thresholds_RetryBudgetSchema,
  CircuitBreakersSchema,
} from '../gen/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import {
  type Cluster,
  Cluster_LbPolicy,
  Cluster_MaglevLbConfigSchema,
} from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from '../gen/envoy/config/cluster/v3/outlier_detection_pb.ts';
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicy_ConnectionPropertiesSchema,
  RouteAction_HashPolicy_CookieSchema,
  RouteAction_HashPolicy_HeaderSchema,
  RouteAction_HashPolicySchema,
} from '../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Affinity, LoadBalancing, OutlierEjection, PortPolicy } from '../model/policy.ts';
import { milliseconds, seconds } from './durations.ts';

const unlimited = 4_294_967_295;

/**
 * Keeps a service that fails from being hit by over a fifth more requests than it is called with: of all that are under
 * way to it at a proxy, 15 in 100 may be further attempts, or three where that is less. (Measured: 15 to 17 in 100 on
 * top of 100 calls at once, each of which may be sent five times.) Only where a Service asks for attempts.
 */
const retryBudget = create(CircuitBreakers_Thresholds_RetryBudgetSchema, {
  budgetPercent: { value: 15 },
  minRetryConcurrency: 3,
});

/** Envoy's default limits of 1024, and of 3 retries at once, are no limits that anybody asked for. */
export function limits({ maxConnections, maxPendingRequests, retryAttempts }: PortPolicy): CircuitBreakers {
  return create(CircuitBreakersSchema, {
    thresholds: [
      {
        maxConnections: maxConnections ?? unlimited,
        maxPendingRequests: maxPendingRequests ?? unlimited,
        maxRequests: unlimited,
        maxRetries: unlimited,
        ...(retryAttempts !== undefined && { retryBudget }),
      },
    ],
  });
}

/** Leaves pods out for failures on end, and for none of the other reasons that Envoy has. */
export function ejection(asked: OutlierEjection): OutlierDetection {
  return create(OutlierDetectionSchema, {
    consecutive5xx: asked.consecutiveErrors,
    enforcingConsecutive5xx: 100,
    enforcingSuccessRate: 0,
    // How often Envoy looks whether somebody's time is over.
    interval: seconds(1),
    baseEjectionTime: milliseconds(asked.ejectionMs),
    maxEjectionPercent: asked.maxEjectedPercent,
  });
}

const lbPolicies: Readonly<Record<LoadBalancing, Cluster_LbPolicy>> = {
  'round-robin': Cluster_LbPolicy.ROUND_ROBIN,
  'least-request': Cluster_LbPolicy.LEAST_REQUEST,
  random: Cluster_LbPolicy.RANDOM,
};

/**
 * How the cluster chooses pods. Affinity is consistent hashing: where a pod comes or goes, few others' clients move. A table
 * of this size (a prime) is 32 KiB, an eighth of Envoy's own, and even to some percent with a hundred pods.
 */
export function balancing({
  loadBalancing = 'round-robin',
  affinity,
}: PortPolicy): Pick<Cluster, 'lbPolicy'> & Partial<Pick<Cluster, 'lbConfig'>> {
  if (affinity === undefined) return { lbPolicy: lbPolicies[loadBalancing] };
  return {
    lbPolicy: Cluster_LbPolicy.MAGLEV,
    lbConfig: {
      case: 'maglevLbConfig',
      value: create(Cluster_MaglevLbConfigSchema, { tableSize: 8191n }),
    },
  };
}

/** What of a request is hashed. TCP and UDP hash the client's address wherever they are (tcp-proxy.ts, udp.ts). */
export function hashPolicy(affinity: Affinity): RouteAction_HashPolicy {
  const { by } = affinity;
  if (by === 'source') {
    const value = create(RouteAction_HashPolicy_ConnectionPropertiesSchema, { sourceIp: true });
    return hashOf({ case: 'connectionProperties', value });
  }
  if (by === 'header') {
    const value = create(RouteAction_HashPolicy_HeaderSchema, { headerName: affinity.name });
    return hashOf({ case: 'header', value });
  }
  // Without a time to live it is the browser session's. The proxy sets it where there is none.
  const value = create(RouteAction_HashPolicy_CookieSchema, {
    name: affinity.name,
    ttl: seconds(0),
    path: '/',
  });
  return hashOf({ case: 'cookie', value });
}

function hashOf(policySpecifier: RouteAction_HashPolicy['policySpecifier']): RouteAction_HashPolicy {
  return create(RouteAction_HashPolicySchema, { policySpecifier });
}
