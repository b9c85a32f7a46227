// A small mesh as Envoy resources, built with the generated code alone: services whose HTTP port is a listener with a
// RouteConfiguration, a cluster and its endpoints.

import { createHash } from 'node:crypto';

import { create, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { AnySchema, StringValueSchema } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';

import { Cluster_DiscoveryType, ClusterSchema } from '../../src/gen/envoy/config/cluster/v3/cluster_pb.ts';
import { TypedExtensionConfigSchema } from '../../src/gen/envoy/config/core/v3/extension_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/gen/envoy/config/route/v3/route_pb.ts';
import { RouterSchema } from '../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { HttpConnectionManagerSchema } from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { ads } from '../../src/translate/config-source.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import type { Resource, Resources, TypeUrl } from '../../src/translate/resources.ts';

/** A TCP address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

function socketAddress({ host, port }: Address): {
  readonly address: {
    readonly case: 'socketAddress';
    readonly value: {
      readonly address: string;
      readonly portSpecifier: { readonly case: 'portValue'; readonly value: number };
    };
  };
} {
  return {
    address: {
      case: 'socketAddress',
      value: { address: host, portSpecifier: { case: 'portValue', value: port } },
    },
  };
}

function pack<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Any {
  return create(AnySchema, {
    typeUrl: `type.googleapis.com/${schema.typeName}`,
    value: toBinary(schema, create(schema, init)),
  });
}

function resource(typeUrl: TypeUrl, name: string, any: Any): Resource {
  const version = createHash('sha256').update(any.value).digest('hex').slice(0, 16);
  return { name, typeUrl, version, bytes: any.value, services: [`test/${name}`] };
}

/** A cluster with endpoints from EDS under its own name. */
export function cluster(name: string, connectTimeoutMs = 1000): Resource {
  const nanos = connectTimeoutMs * 1_000_000;
  const seconds = BigInt(Math.floor(connectTimeoutMs / 1000));
  const message = pack(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ads },
    connectTimeout: { seconds, nanos: nanos - Number(seconds) * 1_000_000_000 },
  });
  return resource(typeUrls.cluster, name, message);
}

/** A cluster that Envoy can decode and does not accept: of type EDS, without saying where the endpoints come from. */
export function badCluster(name: string): Resource {
  const message = pack(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
  });
  return resource(typeUrls.cluster, name, message);
}

export function endpoints(name: string, addresses: readonly Address[]): Resource {
  const lbEndpoints = addresses.map((address) => ({
    hostIdentifier: { case: 'endpoint' as const, value: { address: socketAddress(address) } },
  }));
  return resource(
    typeUrls.endpoints,
    name,
    pack(ClusterLoadAssignmentSchema, { clusterName: name, endpoints: [{ lbEndpoints }] }),
  );
}

/** An HTTP listener whose routes come from RDS under its own name. */
export function listener(name: string, address: Address): Resource {
  const manager = pack(HttpConnectionManagerSchema, {
    statPrefix: 'http',
    routeSpecifier: { case: 'rds', value: { configSource: ads, routeConfigName: name } },
    httpFilters: [{ name: 'router', configType: { case: 'typedConfig', value: pack(RouterSchema, {}) } }],
  });
  return resource(
    typeUrls.listener,
    name,
    pack(ListenerSchema, {
      name,
      address: socketAddress(address),
      filterChains: [{ filters: [{ name: 'http', configType: { case: 'typedConfig', value: manager } }] }],
    }),
  );
}

/** A listener that Envoy can decode and does not accept: it has a filter that Envoy does not know. */
export function badListener(name: string, address: Address): Resource {
  const filter = {
    name: 'unknown',
    configType: {
      case: 'typedConfig',
      value: create(AnySchema, { typeUrl: 'type.googleapis.com/maesh.test.None' }),
    },
  } as const;
  return resource(
    typeUrls.listener,
    name,
    pack(ListenerSchema, { name, address: socketAddress(address), filterChains: [{ filters: [filter] }] }),
  );
}

/** A listener that breaks a rule of the API itself, so that Envoy can't even decode the response that holds it. */
export function invalidListener(name: string): Resource {
  const port = 70_000;
  return resource(
    typeUrls.listener,
    name,
    pack(ListenerSchema, { name, address: socketAddress({ host: '127.81.0.1', port }) }),
  );
}

/** The configuration of a filter; of two of different texts, each is another. */
export function extension(name: string, text: string): Resource {
  const typedConfig = pack(StringValueSchema, { value: text });
  return resource(typeUrls.extensions, name, pack(TypedExtensionConfigSchema, { name, typedConfig }));
}

/** Every request goes to one cluster. */
export function routes(name: string, clusterName: string): Resource {
  return resource(
    typeUrls.routes,
    name,
    pack(RouteConfigurationSchema, {
      name,
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            {
              match: { pathSpecifier: { case: 'prefix', value: '/' } },
              action: {
                case: 'route',
                value: { clusterSpecifier: { case: 'cluster', value: clusterName } },
              },
            },
          ],
        },
      ],
    }),
  );
}

/** Routes that Envoy can decode and does not accept: they have a regular expression that isn't one. */
export function badRoutes(name: string): Resource {
  const match = { pathSpecifier: { case: 'safeRegex', value: { regex: '(' } } } as const;
  const action = { case: 'directResponse', value: { status: 200 } } as const;
  const virtualHosts = [{ name: 'all', domains: ['*'], routes: [{ match, action }] }];
  return resource(typeUrls.routes, name, pack(RouteConfigurationSchema, { name, virtualHosts }));
}

/** Sorts resources into the maps that are published. Maps of types in which nothing changed are those of `previous`. */
export function resourcesOf(list: readonly Resource[], previous?: Resources): Resources {
  const mapOf = (typeUrl: TypeUrl): ReadonlyMap<string, Resource> => {
    const own = list.filter((one) => one.typeUrl === typeUrl).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const before = previous?.[typeUrl];
    const isSame =
      before?.size === own.length && own.every(({ name, version }) => before.get(name)?.version === version);
    return isSame ? before : new Map(own.map((one) => [one.name, one]));
  };
  return {
    [typeUrls.cluster]: mapOf(typeUrls.cluster),
    [typeUrls.endpoints]: mapOf(typeUrls.endpoints),
    [typeUrls.listener]: mapOf(typeUrls.listener),
    [typeUrls.routes]: mapOf(typeUrls.routes),
    [typeUrls.scopedRoutes]: mapOf(typeUrls.scopedRoutes),
    [typeUrls.extensions]: mapOf(typeUrls.extensions),
  };
}
