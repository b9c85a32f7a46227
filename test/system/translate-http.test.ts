import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startGrpcBackend } from '../kit/backends/grpc.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { startHttpsBackend } from '../kit/backends/https.ts';
import { talkGrpc } from '../kit/clients/grpc.ts';
import { sendHttp, type HttpRequest, type HttpAnswer } from '../kit/clients/http.ts';
import { talkWebSocket } from '../kit/clients/web-socket.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

describe('an HTTP mesh port', () => {
  const address = '127.82.11.1';
  const port = {
    shop: firstPort.http,
    cart: firstPort.http + 1,
    empty: firstPort.http + 2,
    http1: firstPort.http + 3,
    http2: firstPort.http + 4,
    tls: firstPort.http + 5,
    grpc: firstPort.http + 6,
    unused: firstPort.http + 7,
  };
  let backends: Backend[];
  let mesh: StaticMesh;

  before(async () => {
    const [shop, cart, tls, grpc] = await Promise.all([
      startHttpBackend({ name: 'shop-1', address: '127.82.11.2' }),
      startHttpBackend({ name: 'cart-1', address: '127.82.11.2' }),
      startHttpsBackend({ name: 'tls-1', address: '127.82.11.2' }),
      startGrpcBackend({ name: 'grpc-1', address: '127.82.11.2' }),
    ]);
    backends = [shop, cart, tls, grpc];
    mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 80, meshPort: port.shop, endpoints: [shop] },
        { port: 8443, meshPort: port.tls, endpoints: [tls], upstreamTls: true },
        { port: 81, meshPort: port.http1, endpoints: [shop], upstream: 'http1' },
        { port: 82, meshPort: port.http2, endpoints: [shop], upstream: 'http2' },
      ]),
      meshService('store/cart', [{ port: 80, meshPort: port.cart, endpoints: [cart] }]),
      meshService('store/empty', [{ port: 80, meshPort: port.empty }]),
      meshService('store/grpc', [{ port: 50_051, meshPort: port.grpc, endpoints: [grpc] }]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });
  const send = (to: number, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    sendHttp({ address, port: to, ...request });

  for (const protocol of ['http1', 'h2c'] as const) {
    test(`stands for its service whatever Host the client sends (${protocol})`, async () => {
      for (const [to, name] of [
        [port.shop, 'shop-1'],
        [port.cart, 'cart-1'],
      ] as const) {
        const { echo } = await send(to, { protocol, host: 'www.example.com:1234' });
        assert.equal(echo?.name, name);
        assert.equal(echo.host, 'www.example.com:1234');
        assert.equal(echo.httpVersion, protocol === 'h2c' ? '2.0' : '1.1');
      }
    });

    test(`keeps its own headers to itself and takes none from a client (${protocol})`, async () => {
      const forged = {
        'x-maesh-port': String(port.cart),
        'x-maesh-forwarded-proto': 'gopher',
        'x-maesh-host': 'cart',
        'x-maesh-namespace': 'store',
      };
      const { echo, headers } = await send(port.shop, { protocol, headers: forged });
      assert.equal(echo?.name, 'shop-1');
      const added = (all: object): string[] =>
        Object.keys(all).filter((name) => /^x-(maesh|envoy)-/u.test(name));
      assert.deepEqual(added(echo.headers), []);
      assert.deepEqual(added(headers), []);
    });

    test(`passes trailers of an answer (${protocol})`, async () => {
      const { trailers } = await send(port.shop, { protocol, path: '/trailers' });
      assert.equal(trailers['served-by'], 'shop-1');
    });

    test(`passes 103 Early Hints (${protocol})`, async () => {
      const { informational, status } = await send(port.shop, { protocol, path: '/hints' });
      assert.deepEqual(informational, [103]);
      assert.equal(status, 200);
    });

    test(`says who is missing where a service has no endpoint (${protocol})`, async () => {
      const { status, body } = await send(port.empty, { protocol });
      assert.equal(status, 503);
      assert.equal(body, 'No endpoint of store/empty/80 is ready (namespace/service/port).\n');
    });

    test(`answers 404 where no service is behind the port (${protocol})`, async () => {
      const { status, body } = await send(port.unused, { protocol });
      assert.equal(status, 404);
      assert.equal(body, 'No service of the mesh is behind this port.\n');
    });

    test(`speaks TLS to pods that want it (${protocol})`, async () => {
      const { echo } = await send(port.tls, { protocol });
      assert.equal(echo?.name, 'tls-1');
      assert.equal(echo.httpVersion, protocol === 'h2c' ? '2.0' : '1.1');
    });

    test(`speaks the version to pods that is asked for (${protocol})`, async () => {
      assert.equal((await send(port.http1, { protocol })).echo?.httpVersion, '1.1');
      assert.equal((await send(port.http2, { protocol })).echo?.httpVersion, '2.0');
    });

    test(`passes bodies of megabytes both ways (${protocol})`, async () => {
      const body = Buffer.alloc(5_000_000, 'y');
      const up = await send(port.shop, { protocol, method: 'POST', body });
      assert.equal(up.echo?.bodyBytes, body.length);
      const down = await send(port.shop, { protocol, path: `/bytes/${body.length}` });
      assert.equal(down.body.length, body.length);
    });
  }

  test('passes path and query as they are', async () => {
    const path = '/a//b/../c%2Fd/./%7Ee;x=1?q=%20&q=//&empty';
    assert.equal((await send(port.shop, { path })).echo?.path, path);
  });

  test("adds the caller to x-forwarded-for, and keeps an ingress's x-forwarded-proto", async () => {
    const plain = (await send(port.shop)).echo?.headers;
    const own = plain?.['x-forwarded-for'];
    assert.match(String(own), /^[\d.]+$/u);
    assert.equal(plain?.['x-forwarded-proto'], 'http');
    const headers = {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-request-id': 'mine',
    };
    const forwarded = (await send(port.shop, { headers })).echo?.headers;
    assert.equal(forwarded?.['x-forwarded-for'], `203.0.113.7,${String(own)}`);
    assert.equal(forwarded['x-forwarded-proto'], 'https');
    assert.equal(forwarded['x-request-id'], 'mine');
    assert.equal(plain['x-request-id'], undefined);
  });

  test('carries WebSockets beside plain requests', async () => {
    const [text, binary] = await talkWebSocket({
      address,
      port: port.shop,
      host: 'www.example.com',
      path: '/chat',
      messages: ['hello', Buffer.from([0, 1, 255])],
    });
    assert.partialDeepStrictEqual(text, {
      name: 'shop-1',
      message: 'hello',
      host: 'www.example.com',
      path: '/chat',
    });
    assert.deepEqual(binary, Buffer.from([0, 1, 255]));
  });

  test('carries gRPC of all four kinds, with trailers and failures', async () => {
    const talk = (call: 'unary' | 'collect' | 'expand' | 'chat') =>
      talkGrpc({
        address,
        port: port.grpc,
        host: 'www.example.com',
        call,
        messages: [{ text: 'a', times: 2 }, { text: 'b' }],
      });
    for (const [call, texts] of [
      ['unary', ['a']],
      ['collect', ['a b']],
      ['expand', ['a 0', 'a 1']],
      ['chat', ['a', 'b']],
    ] as const) {
      const answer = await talk(call);
      assert.equal(answer.status, 0, answer.details);
      assert.deepEqual(
        answer.replies.map(({ text }) => text),
        texts,
      );
      assert.equal(answer.replies[0]?.host, 'www.example.com');
      assert.equal(answer.trailers['served-by'], 'grpc-1');
    }
    const failed = await talkGrpc({
      address,
      port: port.grpc,
      call: 'unary',
      messages: [{ text: '', failWith: 9 }],
    });
    assert.partialDeepStrictEqual(failed, { status: 9, details: 'grpc-1 was asked to fail' });
  });

  test('answers a gRPC call with UNAVAILABLE where a service has no endpoint', async () => {
    const { status } = await talkGrpc({
      address,
      port: port.empty,
      call: 'unary',
      messages: [{ text: 'a' }],
    });
    assert.equal(status, 14);
  });

  test('tells readiness', async () => {
    const ping = await sendHttp({ address, port: 1081, path: '/ping' });
    assert.equal(ping.status, 200);
    assert.equal((await sendHttp({ address, port: 1081, path: '/' })).status, 404);
  });

  test('has nothing to complain about', () => {
    const expected =
      /is marked as work-in-progress|no configured limit to the number of allowed active downstream/u;
    const complaints = mesh.envoy
      .log()
      .split('\n')
      .filter((line) => line !== '' && !expected.test(line));
    assert.deepEqual(complaints, []);
  });
});
