import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { JsonObject } from '@bufbuild/protobuf';
import { bootstrap, type BootstrapOptions } from './bootstrap.ts';

const options: BootstrapOptions = {
  nodeId: 'node-1',
  cluster: 'maesh',
  xds: { address: '10.0.0.1', port: 15_010 },
  admin: { address: '127.0.0.1', port: 19_000 },
};

describe('bootstrap()', () => {
  test('says who the proxy is and where it is told the rest, over the incremental protocol', () => {
    assert.partialDeepStrictEqual(bootstrap({ ...options, zone: 'a' }), {
      node: { id: 'node-1', cluster: 'maesh', locality: { zone: 'a' } },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 19_000 } } },
      dynamic_resources: {
        ads_config: {
          api_type: 'DELTA_GRPC',
          transport_api_version: 'V3',
          set_node_on_first_message_only: true,
        },
        cds_config: { ads: {} },
        lds_config: { ads: {} },
      },
      deferred_stat_options: { enable_deferred_creation_stats: true },
    });
    assert.equal((bootstrap(options)['node'] as JsonObject)['locality'], undefined);
  });

  for (const [address, type] of [
    ['10.0.0.1', undefined],
    ['fd00::1', undefined],
    ['maesh-controller.maesh.svc', 'STRICT_DNS'],
    ['localhost', 'STRICT_DNS'],
  ] as const) {
    test(`finds a controller at ${address}`, () => {
      const { static_resources: resources } = bootstrap({ ...options, xds: { address, port: 15_010 } });
      const [controller] = (resources as { clusters: Record<string, unknown>[] }).clusters;
      // STATIC, the default, is left out in JSON, unlike DNS.
      assert.equal(controller?.['type'] === 'STATIC' ? undefined : controller?.['type'], type);
      assert.match(JSON.stringify(controller), new RegExp(`"address":"${address}","port_value":15010`, 'u'));
    });
  }
});
