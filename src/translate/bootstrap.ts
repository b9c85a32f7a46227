// What an Envoy is started with: who it is, and where it is told the rest.

import { create, type JsonObject, toJson } from '@bufbuild/protobuf';

import { BootstrapSchema } from '../gen/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import {
  ApiConfigSource_ApiType,
  ApiConfigSourceSchema,
  ApiVersion,
} from '../gen/envoy/config/core/v3/config_source_pb.ts';
import { HttpProtocolOptionsSchema } from '../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { type AddressAndPort, tcpAddress } from './address.ts';
import { adminInterface } from './admin.ts';
import { ads } from './config-source.ts';
import { milliseconds, seconds } from './durations.ts';
import { adminPortKey } from './names.ts';
import { any } from './pack.ts';
import { registry } from './registry.ts';
import { keptStats } from './stats.ts';

/** What tells one proxy's bootstrap from another's. */
export interface BootstrapOptions {
  /** Tells the proxy from all others, such as the name of its node or pod. */
  readonly nodeId: string;
  /** Name of the mesh that the proxy belongs to; statistics and logs show it. */
  readonly cluster: string;
  /** Zone that the proxy is in, where that is known. */
  readonly zone?: string;
  /** Where the controller serves xDS. The address may be a DNS name, all of whose addresses are tried. */
  readonly xds: AddressAndPort;
  /** Where Envoy opens its admin interface, an IP address; see {@link adminInterface}. Port 0 takes any that is free. */
  readonly admin: AddressAndPort;
}

const xdsCluster = 'maesh-controller';

/** How soon a proxy tries again to reach a controller: quickly at first, so that a restart goes unnoticed. */
const reconnect = { baseInterval: milliseconds(100), maxInterval: seconds(5) };

/** Makes the bootstrap, ready to be written to a file for `envoy -c`. */
export function bootstrap(options: BootstrapOptions): JsonObject {
  const message = create(BootstrapSchema, {
    node: {
      id: options.nodeId,
      cluster: options.cluster,
      ...(options.zone !== undefined && { locality: { zone: options.zone } }),
      // The controller asks there for the configuration that the API shows.
      metadata: { [adminPortKey]: options.admin.port },
    },
    admin: adminInterface(options.admin),
    staticResources: { clusters: [controller(options.xds)] },
    dynamicResources: {
      adsConfig: create(ApiConfigSourceSchema, {
        apiType: ApiConfigSource_ApiType.DELTA_GRPC,
        transportApiVersion: ApiVersion.V3,
        setNodeOnFirstMessageOnly: true,
        grpcServices: [
          {
            targetSpecifier: {
              case: 'envoyGrpc',
              value: { clusterName: xdsCluster, retryPolicy: { retryBackOff: reconnect } },
            },
          },
        ],
      }),
      cdsConfig: ads,
      ldsConfig: ads,
    },
    // A service that nobody calls through this proxy costs it no counters.
    deferredStatOptions: { enableDeferredCreationStats: true },
    statsConfig: { statsMatcher: keptStats },
    layeredRuntime: { layers: [{ name: 'maesh', layerSpecifier: { case: 'staticLayer', value: runtime } }] },
  });
  return toJson(BootstrapSchema, message, { registry, useProtoFieldName: true }) as JsonObject;
}

/**
 * Envoy refuses a regular expression whose program is larger than 100 instructions, and with it all routes beside it. What
 * size users may have is said where their expressions are read (source/parse/regex.ts).
 */
const runtime: JsonObject = {
  're2.max_program_size.error_level': 4_294_967_295,
  're2.max_program_size.warn_level': 4_294_967_295,
};

/** A controller that falls silent is left for another one (or the same one, come back) within a minute. */
function controller({ address, port }: AddressAndPort): Cluster {
  const isName = !/^[\d.]+$|:/u.test(address);
  return create(ClusterSchema, {
    name: xdsCluster,
    clusterDiscoveryType: {
      case: 'type',
      value: isName ? Cluster_DiscoveryType.STRICT_DNS : Cluster_DiscoveryType.STATIC,
    },
    connectTimeout: seconds(5),
    loadAssignment: {
      clusterName: xdsCluster,
      endpoints: [
        {
          lbEndpoints: [
            { hostIdentifier: { case: 'endpoint', value: { address: tcpAddress({ address, port }) } } },
          ],
        },
      ],
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(HttpProtocolOptionsSchema, {
        upstreamProtocolOptions: {
          case: 'explicitHttpConfig',
          value: {
            protocolConfig: {
              case: 'http2ProtocolOptions',
              value: { connectionKeepalive: { interval: seconds(30), timeout: seconds(20) } },
            },
          },
        },
      }),
    },
  });
}
