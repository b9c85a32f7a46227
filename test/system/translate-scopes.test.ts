import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Service } from '../../src/model/topology.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { firstPort, meshAt } from '../kit/static-mesh.ts';
import { meshService, meshTopology } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';
import { startEnvoy } from './xds-envoy.ts';
import { RecordedServer } from './xds-mesh.ts';

test('the port for all services learns of a change by the routes of one namespace alone', async () => {
  const address = '127.82.18.1';
  await using backend = await startHttpBackend({ name: 'shop-1', address: '127.82.18.2' });
  await using recorded = await new RecordedServer().listen();
  await using envoy = await startEnvoy({ host: recorded.host, port: recorded.port });
  const translate = createTranslator(meshAt(address));
  /** Makes the services those of the mesh, and returns the names of what was sent and removed for it. */
  const become = async (services: readonly Service[]): Promise<readonly string[]> => {
    const before = recorded.sent().length;
    const sequence = recorded.server.publish(translate(meshTopology(services)));
    await until('Envoy to have it all', () =>
      recorded.server.proxies().length > 0 && recorded.server.settledSequence() === sequence
        ? true
        : undefined,
    );
    return recorded
      .sent()
      .slice(before)
      .filter((name) => /host/u.test(name))
      .toSorted();
  };
  const statusOf = async (host: string): Promise<number> =>
    (await sendHttp({ address, port: 8000, host })).status;
  const service = (key: string, offset: number): Service =>
    meshService(key, [{ meshPort: firstPort.http + offset, endpoints: [backend] }]);
  const [shop, cart, other] = [service('store/shop', 0), service('store/cart', 1), service('other/shop', 2)];

  await become([shop]);
  assert.deepEqual(await Promise.all(['shop.store.maesh', 'shop.other.maesh'].map(statusOf)), [200, 404]);
  assert.deepEqual(await become([shop, other]), [
    'RouteConfiguration host/other',
    'ScopedRouteConfiguration host/other',
  ]);
  assert.equal(await statusOf('shop.other.maesh'), 200);
  assert.deepEqual(await become([shop, other, cart]), ['RouteConfiguration host/store']);
  assert.equal(await statusOf('cart.store.maesh'), 200);
  assert.deepEqual(await become([shop, cart]), ['-ScopedRouteConfiguration host/other']);
  assert.equal(await statusOf('shop.other.maesh'), 404);
  assert.deepEqual(recorded.nacks, [], envoy.log());
});
