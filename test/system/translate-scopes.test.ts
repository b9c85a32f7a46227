import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Service } from '../../src/model/topology.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { startEnvoyProcess } from '../kit/envoy-process.ts';
import { firstPort, meshAt } from '../kit/static-mesh.ts';
import { meshService, meshTopology } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

test('the port for all services learns of a change by the routes of one namespace alone', async () => {
  const address = '127.82.18.1';
  await using backend = await startHttpBackend({ name: 'shop-1', address: '127.82.18.2' });
  const service = (key: string, offset: number): Service =>
    meshService(key, [{ meshPort: firstPort.http + offset, endpoints: [backend] }]);
  const [shop, cart, other] = [service('store/shop', 0), service('store/cart', 1), service('other/shop', 2)];

  const translate = createTranslator(meshAt(address));
  let sent: string[] = [];
  const nacks: string[] = [];
  const server = new XdsServer({
    log: silentLog,
    observer: {
      pushed: ({ typeUrl, resources, removed }) => {
        const type = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
        sent.push(
          ...resources.map(({ name }) => `${type} ${name}`),
          ...removed.map((name) => `-${type} ${name}`),
        );
      },
      rejected: ({ message }) => nacks.push(message),
    },
  });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => server.close(200));
  const port = await server.listen({ host: '127.82.18.9', port: 0 });
  server.publish(translate(meshTopology([shop])));
  const envoy = await startEnvoyProcess(
    bootstrap({
      nodeId: 'test',
      cluster: 'test',
      xds: { address: '127.82.18.9', port },
      admin: { address: '127.0.0.1', port: 0 },
    }),
  );
  cleanUp.use(envoy);
  /** Makes the services those of the mesh, and returns what the port for all services was sent and lost for it. */
  const become = async (services: readonly Service[]): Promise<readonly string[]> => {
    sent = [];
    const sequence = server.publish(translate(meshTopology(services)));
    await until('Envoy to have it all', () => (server.settledSequence() === sequence ? true : undefined));
    return sent.filter((name) => name.includes(' host')).toSorted();
  };
  const statusOf = async (host: string): Promise<number> =>
    (await sendHttp({ address, port: 8000, host })).status;

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
  assert.deepEqual(nacks, []);
});
