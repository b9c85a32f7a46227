// Clusters: how proxies connect to what is behind a service port. Where that is, comes separately (endpoints.ts), so
// that pods coming and going never touch a cluster.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import { CircuitBreakers_Thresholds_RetryBudgetSchema } from '../gen/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { type TransportSocket, TransportSocketSchema } from '../gen/envoy/config/core/v3/base_pb.ts';
import { UpstreamTlsContextSchema } from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { HttpProtocolOptionsSchema } from '../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { UpstreamProtocol } from '../model/topology.ts';
import { ads } from './config-source.ts';
import { seconds } from './durations.ts';
import { commonHttpOptions, http1, http2, maxHeadersKb } from './http-protocols.ts';
import { clusterName, endpointsName, type ServedPort, serverName } from './names.ts';
import { any } from './pack.ts';
import { tcpKeepalive } from './tcp-keepalive.ts';

const unlimited = 4_294_967_295;

/**
 * Time after which an unused connection to a pod is closed: the original's. It must be shorter than what servers wait
 * before they close an unused connection themselves (gunicorn 2 s, Node 5 s, most others longer), since a request
 * that is sent just as the other end closes is lost. routes.ts says what happens where one is lost all the same.
 */
const idleTimeout = seconds(1);

/**
 * Keeps a service that fails from being hit by over a fifth more requests than it is called with: of all that are under
 * way to it at a proxy, 15 in 100 may be further attempts, or three where that is less. (Measured: 15 to 17 in 100 on top of 100 calls at once,
 * each of which may be sent five times.) Only where a Service asks for attempts.
 */
const retryBudget = create(CircuitBreakers_Thresholds_RetryBudgetSchema, {
  budgetPercent: { value: 15 },
  minRetryConcurrency: 3,
});

/** Makes the cluster of a service port. */
export function cluster(
  service: { readonly namespace: string; readonly name: string },
  port: ServedPort,
): Cluster {
  const name = clusterName(port);
  const isHttp = port.traffic === 'http';
  return create(ClusterSchema, {
    name,
    altStatName: name === port.key ? '' : port.key,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: {
      edsConfig: ads,
      serviceName: name === endpointsName(port) ? '' : endpointsName(port),
    },
    lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
    // Who is ready is Kubernetes' to say: with no health known to proxies, they must never guess at it.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    ignoreHealthOnHostRemoval: true,
    connectTimeout: seconds(5),
    // Envoy's default limits of 1024, and of 3 retries at once, are no limits that anybody asked for.
    circuitBreakers: {
      thresholds: [
        {
          maxConnections: unlimited,
          maxPendingRequests: unlimited,
          maxRequests: unlimited,
          maxRetries: unlimited,
          ...(port.policy?.retryAttempts !== undefined && { retryBudget }),
        },
      ],
    },
    upstreamConnectionOptions: { tcpKeepalive },
    ...(isHttp && {
      typedExtensionProtocolOptions: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': httpOptions[port.upstream],
      },
    }),
    ...(isHttp && port.upstreamTls && { transportSocket: tls(serverName(service)) }),
  });
}

const common = {
  commonHttpProtocolOptions: { ...commonHttpOptions(idleTimeout), maxResponseHeadersKb: maxHeadersKb },
};

/**
 * `auto` speaks to pods what the caller speaks, which lets gRPC, WebSocket and plain requests share a port; where
 * there is TLS the proxy offers just that protocol in its ALPN.
 */
const httpOptions: Readonly<Record<UpstreamProtocol, Any>> = {
  auto: any(HttpProtocolOptionsSchema, {
    ...common,
    upstreamProtocolOptions: {
      case: 'useDownstreamProtocolConfig',
      value: { httpProtocolOptions: http1, http2ProtocolOptions: http2 },
    },
  }),
  http1: any(HttpProtocolOptionsSchema, {
    ...common,
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: { protocolConfig: { case: 'httpProtocolOptions', value: http1 } },
    },
  }),
  http2: any(HttpProtocolOptionsSchema, {
    ...common,
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2 } },
    },
  }),
};

/**
 * TLS without looking at the certificate: what pods present inside a cluster is seldom made for a name that could be
 * checked, and the mesh promises no more than to speak the pod's protocol.
 */
function tls(sni: string): TransportSocket {
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: any(UpstreamTlsContextSchema, { sni, commonTlsContext: {} }) },
  });
}
