// Clusters: how proxies connect to what is behind a service port. Where that is, comes separately (endpoints.ts), so
// that pods coming and going never touch a cluster.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import {
  type Cluster,
  type Cluster_CommonLbConfig,
  Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import {
  type HttpProtocolOptions,
  HttpProtocolOptions_ExplicitHttpConfigSchema,
  HttpProtocolOptions_UseDownstreamHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from '../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { PortPolicy } from '../model/policy.ts';
import type { UpstreamProtocol } from '../model/topology.ts';
import { balancing, ejection, hashPolicy, limits } from './cluster-policy.ts';
import { ads } from './config-source.ts';
import { milliseconds, never, seconds } from './durations.ts';
import { commonHttpOptions, http1, http2, maxHeadersKb } from './http-protocols.ts';
import { clusterName, endpointsName, type ServedPort, serverName } from './names.ts';
import { any } from './pack.ts';
import { retryPolicy } from './retries.ts';
import { tcpKeepalive } from './tcp-keepalive.ts';
import { upstreamTls } from './upstream-tls.ts';

/**
 * Time after which an unused connection to a pod is closed: the original's. It must be shorter than what servers wait
 * before they close an unused connection themselves (gunicorn 2 s, Node 5 s, most others longer), since a request
 * that is sent just as the other end closes is lost. retries.ts says what happens where one is lost all the same.
 */
const idleTimeout = seconds(1);

/** Makes the cluster of a service port. */
export function cluster(
  service: { readonly namespace: string; readonly name: string },
  port: ServedPort,
): Cluster {
  const name = clusterName(port);
  const isHttp = port.traffic === 'http';
  const { policy = nothing } = port;
  return create(ClusterSchema, {
    name,
    altStatName: name === port.key ? '' : port.key,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: {
      edsConfig: ads,
      serviceName: name === endpointsName(port) ? '' : endpointsName(port),
    },
    ...balancing(policy),
    // Who is ready is Kubernetes' to say: with no health known to proxies, they must never guess at it.
    commonLbConfig: {
      healthyPanicThreshold: { value: 0 },
      ...(!isHttp && byLocality),
      // Else a pod that is left out soon after another would be sent requests for a second.
      ...(policy.outlierEjection !== undefined && { updateMergeWindow: never }),
    },
    ignoreHealthOnHostRemoval: true,
    connectTimeout: milliseconds(policy.connectTimeoutMs ?? 5000),
    circuitBreakers: limits(policy),
    ...(policy.outlierEjection !== undefined && { outlierDetection: ejection(policy.outlierEjection) }),
    upstreamConnectionOptions: { tcpKeepalive },
    ...(isHttp && {
      typedExtensionProtocolOptions: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': httpOptionsOf(port.upstream, policy),
      },
    }),
    ...(isHttp &&
      port.upstreamTls && { transportSocket: upstreamTls(policy.tls ?? {}, serverName(service)) }),
  });
}

/** TCP and UDP are split by the weights of localities (endpoints.ts): always, so that a split never touches a cluster. */
const byLocality: Pick<Cluster_CommonLbConfig, 'localityConfigSpecifier'> = {
  localityConfigSpecifier: {
    case: 'localityWeightedLbConfig',
    value: create(Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema, {}),
  },
};

/** What most ports ask for. */
const nothing: PortPolicy = {};

const common = {
  retryPolicy: retryPolicy(),
  commonHttpProtocolOptions: { ...commonHttpOptions(idleTimeout), maxResponseHeadersKb: maxHeadersKb },
};

/**
 * `auto` speaks to pods what the caller speaks, which lets gRPC, WebSocket and plain requests share a port; where
 * there is TLS the proxy offers just that protocol in its ALPN.
 */
const protocols: Readonly<Record<UpstreamProtocol, HttpProtocolOptions['upstreamProtocolOptions']>> = {
  auto: {
    case: 'useDownstreamProtocolConfig',
    value: create(HttpProtocolOptions_UseDownstreamHttpConfigSchema, {
      httpProtocolOptions: http1,
      http2ProtocolOptions: http2,
    }),
  },
  http1: {
    case: 'explicitHttpConfig',
    value: create(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      protocolConfig: { case: 'httpProtocolOptions', value: http1 },
    }),
  },
  http2: {
    case: 'explicitHttpConfig',
    value: create(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      protocolConfig: { case: 'http2ProtocolOptions', value: http2 },
    }),
  },
};

function httpOptionsOf(upstream: UpstreamProtocol, { affinity, retryAttempts }: PortPolicy): Any {
  if (affinity === undefined && retryAttempts === undefined) return plainOptions[upstream];
  return any(HttpProtocolOptionsSchema, {
    ...common,
    upstreamProtocolOptions: protocols[upstream],
    retryPolicy: retryPolicy(retryAttempts),
    hashPolicy: affinity === undefined ? [] : [hashPolicy(affinity)],
  });
}

/** Those of most ports, made once. */
const plainOptions: Readonly<Record<UpstreamProtocol, Any>> = {
  auto: any(HttpProtocolOptionsSchema, { ...common, upstreamProtocolOptions: protocols.auto }),
  http1: any(HttpProtocolOptionsSchema, { ...common, upstreamProtocolOptions: protocols.http1 }),
  http2: any(HttpProtocolOptionsSchema, { ...common, upstreamProtocolOptions: protocols.http2 }),
};
