import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { SharedPort } from '../../src/model/topology.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient, sendHttp, type HttpAnswer, type HttpRequest } from '../kit/clients/http.ts';
import { talkWebSocket } from '../kit/clients/web-socket.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

describe('a mesh port that several services share', () => {
  const address = '127.106.1.1';
  const shared = firstPort.http;
  /** In another block than the shared port. */
  const own = firstPort.http + 300;
  const others = { cart: firstPort.http + 1, alone: firstPort.http + 2 };
  let backends: readonly Backend[];
  let mesh: StaticMesh;

  /** `shop` has a port of its own in another block, `cart` in the same one, and `user` none. */
  const services = (sharedPort: SharedPort): Parameters<StaticMesh['become']>[0] => {
    const [shop, cart, user] = backends.map((backend) => [backend]);
    const sharedPorts = [sharedPort];
    return [
      meshService('store/shop', [{ port: 80, meshPort: own, sharedPorts, endpoints: shop ?? [] }]),
      meshService('store/cart', [{ port: 8080, meshPort: others.cart, sharedPorts, endpoints: cart ?? [] }]),
      meshService('other/shop', [{ port: 80, meshPort: shared, sharedPorts, endpoints: user ?? [] }]),
      meshService('store/alone', [{ port: 80, meshPort: others.alone, endpoints: shop ?? [] }]),
    ];
  };

  before(async () => {
    const names = ['shop', 'cart', 'user'];
    backends = await Promise.all(names.map((name) => startHttpBackend({ name, address: '127.106.1.2' })));
    mesh = await startStaticMesh(address, services({ port: shared, isLeft: false }));
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });
  const send = (host: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    sendHttp({ address, port: shared, host, ...request });

  for (const protocol of ['http1', 'h2c'] as const) {
    test(`tells them apart by Host: either domain, any case, any port behind it (${protocol})`, async () => {
      for (const [host, name] of [
        ['shop.store.maesh', 'shop'],
        ['shop.store.traefik.mesh', 'shop'],
        ['SHOP.Store.Maesh:8080', 'shop'],
        ['shop.store.maesh.', 'shop'],
        ['cart.store.maesh', 'cart'],
        ['cart.store.maesh:8080', 'cart'],
        ['shop.other.maesh', 'user'],
        ['shop.other.traefik.mesh.:1', 'user'],
      ] as const) {
        const { echo, status, body, headers } = await send(host, { protocol, path: '/a?b' });
        assert.equal(echo?.name, name, `${host}: ${status} ${body}`);
        assert.equal(echo.host, host);
        assert.equal(echo.path, '/a?b');
        assert.notEqual(headers['connection'], 'close');
        assert.deepEqual(
          Object.keys(echo.headers).filter((header) => /^x-(maesh|envoy)/u.test(header)),
          [],
        );
      }
    });

    test(`has nothing for a Host that is none of theirs (${protocol})`, async () => {
      for (const host of [
        'alone.store.maesh',
        'none.store.maesh',
        'shop.store',
        'a.shop.store.maesh',
        `shop.store.maesh.${shared}`,
        '10.0.0.1',
        `[fd00::1]:${shared}`,
      ]) {
        const { status, body } = await send(host, { protocol });
        assert.equal(status, 404, host);
        assert.match(body, /^No service of the mesh is behind this port/u);
      }
    });

    test(`believes no header of the client's (${protocol})`, async () => {
      const headers = { 'x-maesh-port': `${shared}/cart.store.maesh` };
      const { echo } = await send('shop.store.maesh', { protocol, headers });
      assert.equal(echo?.name, 'shop');
    });
  }

  test('leads WebSockets, too', async () => {
    const [echo] = await talkWebSocket({
      address,
      port: shared,
      host: 'cart.store.maesh',
      messages: ['hello'],
    });
    assert.ok(echo !== undefined && 'name' in echo);
    assert.equal(echo.name, 'cart');
  });

  test("leaves the services' own ports as they are: whatever Host is sent", async () => {
    for (const [port, name] of [
      [own, 'shop'],
      [others.cart, 'cart'],
      [others.alone, 'shop'],
    ] as const) {
      for (const host of ['anything', 'shop.other.maesh']) {
        const { echo, headers } = await sendHttp({ address, port, host });
        assert.equal(echo?.name, name);
        assert.notEqual(headers['connection'], 'close');
      }
    }
  });

  test('ends kept connections with an answer when callers are sent there no more', async () => {
    using http1 = new HttpClient();
    using h2c = new HttpClient();
    const request = { address, port: shared, host: 'shop.store.maesh' };
    assert.equal((await http1.send(request)).echo?.name, 'shop');
    assert.equal((await h2c.send({ ...request, protocol: 'h2c' })).echo?.name, 'shop');
    await mesh.become(services({ port: shared, isLeft: true }));
    await until('an answer that ends its connection', async () => {
      const { headers, echo } = await http1.send(request);
      assert.equal(echo?.name, 'shop');
      const after = await h2c.send({ ...request, protocol: 'h2c' });
      assert.equal(after.echo?.name, 'shop');
      return headers['connection'] === 'close' ? true : undefined;
    });
    await until('the connection of HTTP/2 to end, too', async () => {
      const stats = await mesh.envoy.admin('/stats?filter=http.mesh.downstream_cx_active');
      return stats.trim().endsWith(': 0') ? true : undefined;
    });
    for (const port of [own, others.cart]) {
      const { headers } = await sendHttp({ address, port });
      assert.notEqual(headers['connection'], 'close');
    }
  });
});
