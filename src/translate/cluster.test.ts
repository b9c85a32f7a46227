import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { JsonObject } from '@bufbuild/protobuf';
import { type GivenPort, meshService, meshTopology } from '../../test/kit/topologies.ts';
import { standalonePorts } from '../model/ports.ts';
import { resourcesToJson } from './inspect.ts';
import { translate } from './translate.ts';

const options = {
  meshAddress: '127.0.0.1',
  ports: standalonePorts,
  readiness: { address: '127.0.0.1', port: 1081 },
  hostPort: undefined,
};

function only(list: readonly JsonObject[]): JsonObject {
  const [first = {}] = list;
  assert.equal(list.length, 1);
  return first;
}

const json = (port: GivenPort) =>
  resourcesToJson(translate(meshTopology([meshService('store/shop', [port])]), options));
const clusterOf = (port: GivenPort): JsonObject => only(json({ meshPort: 20_000, ...port }).clusters);
const endpointsOf = (port: GivenPort): JsonObject => only(json({ meshPort: 20_000, ...port }).endpoints);

function httpOptions(cluster: JsonObject): JsonObject {
  const all = cluster['typed_extension_protocol_options'] as Record<string, JsonObject>;
  return all['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] ?? {};
}

describe('a cluster', () => {
  test('gets its endpoints from the stream, by the key of the service port', () => {
    const ads = { eds_config: { ads: {}, resource_api_version: 'V3' } };
    assert.partialDeepStrictEqual(clusterOf({}), {
      name: 'store/shop/80',
      type: 'EDS',
      eds_cluster_config: ads,
    });
    const tcp = clusterOf({ traffic: 'tcp', meshPort: 27_680 });
    assert.partialDeepStrictEqual(tcp, {
      name: 'tcp-27680',
      alt_stat_name: 'store/shop/80',
      eds_cluster_config: { ...ads, service_name: 'store/shop/80' },
    });
  });

  test('limits neither connections nor requests nor attempts', () => {
    const unlimited = 4_294_967_295;
    assert.deepEqual(clusterOf({})['circuit_breakers'], {
      thresholds: [
        {
          max_connections: unlimited,
          max_pending_requests: unlimited,
          max_requests: unlimited,
          max_retries: unlimited,
        },
      ],
    });
  });

  test('sends requests again where no server can have begun on them, as often as the Service asks', () => {
    for (const [retryAttempts, numRetries] of [
      [undefined, 2],
      [7, 6],
      [1, 0],
    ]) {
      const options = httpOptions(
        clusterOf(retryAttempts === undefined ? {} : { policy: { retryAttempts } }),
      );
      const { retry_on: retryOn, num_retries } = options['retry_policy'] as JsonObject;
      assert.equal(retryOn, 'connect-failure,refused-stream,reset-before-request');
      assert.equal(num_retries, numRetries);
    }
  });

  test('closes unused connections before common servers do, and probes silent ones', () => {
    const cluster = clusterOf({});
    assert.partialDeepStrictEqual(httpOptions(cluster), {
      common_http_protocol_options: { idle_timeout: '1s' },
    });
    assert.partialDeepStrictEqual(cluster, {
      connect_timeout: '5s',
      upstream_connection_options: { tcp_keepalive: { keepalive_time: 60 } },
    });
  });

  test('speaks to pods what the caller speaks, or what the model says', () => {
    assert.ok('use_downstream_protocol_config' in httpOptions(clusterOf({ upstream: 'auto' })));
    const explicit = (upstream: 'http1' | 'http2') =>
      Object.keys(httpOptions(clusterOf({ upstream }))['explicit_http_config'] as JsonObject);
    assert.deepEqual(explicit('http1'), ['http_protocol_options']);
    assert.deepEqual(explicit('http2'), ['http2_protocol_options']);
  });

  test('speaks TLS only where the model says so, with a name that certificates carry', () => {
    assert.equal(clusterOf({})['transport_socket'], undefined);
    assert.partialDeepStrictEqual(clusterOf({ upstreamTls: true })['transport_socket'], {
      typed_config: { sni: 'shop.store.svc' },
    });
    // TCP passes as it is: TLS in it is the application's own.
    assert.equal(
      clusterOf({ upstreamTls: true, traffic: 'tcp', meshPort: 27_680 })['transport_socket'],
      undefined,
    );
  });

  test('has no options of HTTP where it carries none', () => {
    for (const port of [{ traffic: 'tcp', meshPort: 27_680 }, { traffic: 'udp' }] as const) {
      assert.equal(clusterOf(port)['typed_extension_protocol_options'], undefined);
    }
  });
});

describe('endpoints', () => {
  const dual = { address: '10.0.0.1', otherAddresses: ['fd00::1', 'fd00::2'], port: 8080, zone: 'a' };

  test('are one locality, whatever the zones, in the order of the model', () => {
    const given = endpointsOf({ endpoints: [dual, { address: '10.0.0.2', port: 8081, zone: 'b' }] });
    assert.equal(given['cluster_name'], 'store/shop/80');
    assert.deepEqual(given['endpoints'], [
      {
        lb_endpoints: [
          {
            endpoint: {
              address: { socket_address: { address: '10.0.0.1', port_value: 8080 } },
              additional_addresses: [
                { address: { socket_address: { address: 'fd00::1', port_value: 8080 } } },
                { address: { socket_address: { address: 'fd00::2', port_value: 8080 } } },
              ],
            },
          },
          { endpoint: { address: { socket_address: { address: '10.0.0.2', port_value: 8081 } } } },
        ],
      },
    ]);
  });

  test('have one address each for UDP, which has no attempts', () => {
    const given = endpointsOf({ traffic: 'udp', endpoints: [dual] });
    assert.deepEqual(given['endpoints'], [
      {
        lb_endpoints: [
          {
            endpoint: {
              address: { socket_address: { protocol: 'UDP', address: '10.0.0.1', port_value: 8080 } },
            },
          },
        ],
        load_balancing_weight: 1_000_000,
        locality: { sub_zone: 'store/shop/80/udp' },
      },
    ]);
  });

  test('are one locality for each backend of a split of TCP, without those that have none of their own', () => {
    const { address, otherAddresses, port } = dual;
    const one = { address, otherAddresses, port, pod: undefined, node: undefined, zone: undefined };
    const backends = [
      { key: 'store/v1/80', weight: 1, endpoints: [one] },
      { key: 'store/v2/80', weight: 2, endpoints: [] },
      { key: 'store/v3/80', weight: 1, endpoints: [{ ...one, port: 9090 }, one] },
      { key: 'store/v4/80', weight: 4, endpoints: [one] },
    ];
    const given = endpointsOf({
      traffic: 'tcp',
      meshPort: 27_680,
      endpoints: [dual],
      splits: [{ backends }],
    });
    const localities = given['endpoints'] as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      localities.map((each) => [each['locality'], each['load_balancing_weight']]),
      [
        [{ sub_zone: 'store/v1/80' }, 125_000],
        [{ sub_zone: 'store/v3/80' }, 125_000],
      ],
    );
  });

  test('are said to be none where there are none', () => {
    assert.deepEqual(Object.keys(endpointsOf({})), ['@type', 'cluster_name']);
  });
});
