import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type GivenPort, meshService, meshTopology } from '../../test/kit/topologies.ts';
import { type Listener, ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { Route, RouteAction, VirtualHost } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { type RouteConfiguration, RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.ts';
import { HttpConnectionManagerSchema } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { TcpProxySchema } from '../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { standalonePorts } from '../model/ports.ts';
import { resourcesToJson } from './inspect.ts';
import { registry } from './registry.ts';
import { type Resources, type TypeUrl, typeUrls } from './resources.ts';
import { translate } from './translate.ts';

function translated(services: Readonly<Record<string, readonly GivenPort[]>>): Resources {
  const all = Object.entries(services).map(([key, ports]) => meshService(key, ports));
  return translate(meshTopology(all), {
    meshAddress: '127.0.0.1',
    ports: standalonePorts,
    readiness: { address: '127.0.0.1', port: 1081 },
    hostPort: { address: '127.0.0.1', port: 8000 },
  });
}

function decoded<D extends DescMessage>(
  schema: D,
  found: { readonly resources: Resources; readonly typeUrl: TypeUrl; readonly name: string },
): MessageShape<D> {
  const resource = found.resources[found.typeUrl].get(found.name);
  assert.ok(resource, found.name);
  return fromBinary(schema, resource.bytes);
}

/** A RouteConfiguration without what it has for the ports of no service. */
function routesOf(resources: Resources, name: string): RouteConfiguration {
  const routes = decoded(RouteConfigurationSchema, { resources, typeUrl: typeUrls.routes, name });
  return { ...routes, virtualHosts: routes.virtualHosts.filter((host) => host.name !== 'none') };
}

function actionOf(route: Route | undefined): RouteAction {
  assert.equal(route?.action.case, 'route');
  return route.action.value;
}

/** `[domain, cluster]` of every domain, in order. */
function table({ virtualHosts }: RouteConfiguration): [string, string | undefined][] {
  const clusterOf = ({ routes }: VirtualHost): string | undefined => {
    const clusters = new Set(routes.map((route) => actionOf(route).clusterSpecifier.value as string));
    assert.equal(clusters.size, 1);
    return [...clusters][0];
  };
  return virtualHosts.flatMap((host) =>
    host.domains.map((domain): [string, string | undefined] => [domain, clusterOf(host)]),
  );
}

/** The last filter of a listener, which is what serves. */
function servingFilter<D extends DescMessage>(schema: D, listener: Listener): MessageShape<D> {
  const config = listener.filterChains[0]?.filters.at(-1)?.configType;
  assert.equal(config?.case, 'typedConfig');
  const filter = anyUnpack(config.value, registry);
  assert.equal(filter?.$typeName, schema.typeName);
  return filter as MessageShape<D>;
}

const listenerOf = (resources: Resources, name: string): Listener =>
  decoded(ListenerSchema, { resources, typeUrl: typeUrls.listener, name });

describe('the routes of a block', () => {
  const routes = routesOf(
    translated({
      'store/shop': [{ port: 80, meshPort: 20_003 }],
      'store/cart': [{ port: 80, meshPort: 20_001 }],
    }),
    'http/20000',
  );
  const [virtualHost] = routes.virtualHosts;

  test('lead from each mesh port to its cluster, in the order of ports', () => {
    assert.equal(routes.vhostHeader, 'x-maesh-port');
    assert.deepEqual(table(routes), [
      ['20001', 'store/cart/80'],
      ['20003', 'store/shop/80'],
    ]);
  });

  test('take the internal headers out of every request', () => {
    assert.ok(virtualHost);
    assert.deepEqual([...routes.requestHeadersToRemove, ...virtualHost.requestHeadersToRemove].toSorted(), [
      'x-envoy-external-address',
      'x-maesh-forwarded-proto',
      'x-maesh-host',
      'x-maesh-namespace',
      'x-maesh-port',
    ]);
  });

  test('have no time limit, and are one for requests of every method', () => {
    const [route, ...more] = virtualHost?.routes ?? [];
    assert.deepEqual(more, []);
    assert.deepEqual(route?.match?.headers, []);
    assert.partialDeepStrictEqual(actionOf(route).timeout, { seconds: 0n, nanos: 0 });
    assert.equal(actionOf(route).retryPolicy, undefined);
  });
});

describe('the routes of a namespace on the port for all services', () => {
  test('lead from service and port to the cluster; port 80 is what a name alone means, else the first', () => {
    const resources = translated({
      'store/shop': [
        { port: 8080, meshPort: 20_000 },
        { port: 80, meshPort: 20_001 },
      ],
      'store/odd': [
        { port: 5432, traffic: 'tcp', meshPort: 27_680 },
        { port: 9090, meshPort: 20_002 },
        { port: 7070, meshPort: 20_003 },
      ],
      'other/shop': [{ port: 80, meshPort: 20_004 }],
    });
    assert.deepEqual(table(routesOf(resources, 'host/store')), [
      ['odd', 'store/odd/9090'],
      ['odd:9090', 'store/odd/9090'],
      ['odd:7070', 'store/odd/7070'],
      ['shop:8080', 'store/shop/8080'],
      ['shop', 'store/shop/80'],
      ['shop:80', 'store/shop/80'],
    ]);
    assert.deepEqual(table(routesOf(resources, 'host/other')), [
      ['shop', 'other/shop/80'],
      ['shop:80', 'other/shop/80'],
    ]);
    assert.partialDeepStrictEqual(resourcesToJson(resources).scopedRoutes, [
      { route_configuration_name: 'host/other', key: { fragments: [{ string_key: 'other' }] } },
      { route_configuration_name: 'host/store', key: { fragments: [{ string_key: 'store' }] } },
    ]);
  });

  test('are not made for a namespace without an HTTP port', () => {
    const resources = translated({ 'store/db': [{ port: 5432, traffic: 'tcp', meshPort: 27_680 }] });
    assert.equal(resources[typeUrls.routes].size, 0);
    assert.equal(resources[typeUrls.scopedRoutes].size, 0);
  });
});

test('an HTTP port takes its routes from the stream and sets no time limit that nobody asked for', () => {
  const listener = listenerOf(translated({ 'store/shop': [{ meshPort: 20_000 }] }), 'http/20000');
  const filter = servingFilter(HttpConnectionManagerSchema, listener);
  assert.equal(filter.streamIdleTimeout?.seconds, 0n);
  assert.equal(filter.requestTimeout?.seconds, 0n);
  assert.equal(filter.commonHttpProtocolOptions?.idleTimeout?.seconds, 600n);
  assert.equal(filter.routeSpecifier.case, 'rds');
  assert.equal(filter.routeSpecifier.value.routeConfigName, 'http/20000');
  assert.equal(filter.routeSpecifier.value.configSource?.configSourceSpecifier.case, 'ads');
});

test('a TCP port has no idle time and names its cluster by the local port', () => {
  const resources = translated({ 'store/db': [{ port: 5432, traffic: 'tcp', meshPort: 27_680 }] });
  const listener = listenerOf(resources, 'tcp/27680');
  assert.equal(servingFilter(TcpProxySchema, listener).idleTimeout?.seconds, 0n);
  assert.match(
    JSON.stringify(resourcesToJson(resources).listeners),
    /"envoy\.tcp_proxy\.cluster".*"tcp-%DOWNSTREAM_LOCAL_PORT%"/u,
  );
});
