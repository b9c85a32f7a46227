import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { type HttpAnswer, type HttpRequest, sendHttp } from '../kit/clients/http.ts';
import { talkWebSocket } from '../kit/clients/web-socket.ts';
import { sendRaw } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

describe('the port that serves every HTTP service by Host', () => {
  const address = '127.82.15.1';
  const port = 8000;
  let backends: readonly Backend[];
  let mesh: StaticMesh;

  before(async () => {
    const names = ['main', 'side', 'first', 'second', 'cart'];
    backends = await Promise.all(names.map((name) => startHttpBackend({ name, address: '127.82.15.2' })));
    const endpointsOf = (name: string): Backend[] => backends.filter((backend) => backend.name === name);
    mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 8080, meshPort: firstPort.http, endpoints: endpointsOf('side') },
        { port: 80, meshPort: firstPort.http + 1, endpoints: endpointsOf('main') },
        { port: 5432, traffic: 'tcp', meshPort: firstPort.tcp, endpoints: endpointsOf('main') },
      ]),
      meshService('store/odd', [
        { port: 9090, meshPort: firstPort.http + 2, endpoints: endpointsOf('first') },
        { port: 7070, meshPort: firstPort.http + 3, endpoints: endpointsOf('second') },
      ]),
      meshService('other/shop', [{ port: 80, meshPort: firstPort.http + 4, endpoints: endpointsOf('cart') }]),
      meshService('other/empty', [{ port: 80, meshPort: firstPort.http + 5 }]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });
  const send = (host: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    sendHttp({ address, port, host, ...request });

  for (const protocol of ['http1', 'h2c', 'proxy'] as const) {
    test(`finds services by both domains, with and without port, in any case (${protocol})`, async () => {
      for (const [host, name] of [
        ['shop.store.maesh', 'main'],
        ['shop.store.maesh:80', 'main'],
        ['shop.store.maesh:8080', 'side'],
        ['shop.store.traefik.mesh', 'main'],
        ['shop.store.traefik.mesh:8080', 'side'],
        ['odd.store.maesh', 'first'],
        ['odd.store.maesh:7070', 'second'],
        ['shop.other.maesh', 'cart'],
        ['SHOP.Store.MAESH:8080', 'side'],
        ['shop.store.maesh.', 'main'],
        ['shop.store.maesh.:8080', 'side'],
      ] as const) {
        const { echo, status, body } = await send(host, { protocol, path: '/a?b' });
        assert.equal(echo?.name, name, `${host}: ${status} ${body}`);
        assert.equal(echo.path, '/a?b');
        assert.equal(echo.host, host);
        assert.deepEqual(
          Object.keys(echo.headers).filter((header) => /^x-(maesh|envoy)/u.test(header)),
          [],
        );
      }
    });

    test(`says how names look where a Host is no HTTP service's (${protocol})`, async () => {
      for (const host of [
        'none.store.maesh',
        'shop.none.maesh',
        'shop.store.maesh:81',
        'shop.store.maesh:5432',
        'shop.store',
        'a.shop.store.maesh',
        'shop.store.maesh.example.com',
        'www.example.com',
        '127.0.0.1:8000',
      ]) {
        const { status, body, headers } = await send(host, { protocol });
        assert.equal(status, 404, host);
        assert.match(headers['content-type'] ?? '', /^text\/plain/u);
        assert.ok(body.startsWith(`No HTTP service of the mesh is called ${host}. Names look like `), body);
      }
    });

    test(`takes no routing headers from a client (${protocol})`, async () => {
      const headers = {
        'x-maesh-host': 'shop',
        'x-maesh-namespace': 'store',
        'x-maesh-port': String(firstPort.http),
      };
      assert.equal((await send('www.example.com', { protocol, headers })).status, 404);
      assert.equal((await send('shop.other.maesh', { protocol, headers })).echo?.name, 'cart');
    });
  }

  test('says who is missing where a service has no endpoint', async () => {
    const { status, body } = await send('empty.other.maesh');
    assert.equal(status, 503);
    assert.match(body, /^No endpoint of other\/empty\/80 is ready/u);
  });

  test('carries WebSockets', async () => {
    const [reply] = await talkWebSocket({ address, port, host: 'shop.store.maesh', messages: ['hello'] });
    assert.partialDeepStrictEqual(reply, { name: 'main', message: 'hello' });
  });

  test('refuses to be a tunnel, and says what to do instead', async () => {
    const answer = await sendRaw(
      { address, port },
      'CONNECT shop.store.maesh:80 HTTP/1.1\r\nHost: shop.store.maesh:80\r\n\r\n',
    );
    assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\n/u);
    assert.match(answer, /http:\/\//u);
  });
});
