import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient } from '../kit/clients/http.ts';
import { startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const address = '127.82.16.1';
const pods = '127.82.16.2';
const port = firstPort.http;

describe('a connection to a pod that the pod has closed', () => {
  // The first request on a connection is answered; the connection is closed when the second arrives. That is what a
  // proxy sees of a server whose idle time is over just then.
  const closesOnReuse = (): ((socket: Socket) => void) => {
    const used = new WeakSet<Socket>();
    return (socket) => {
      if (used.has(socket)) socket.destroy();
      else socket.write(ok);
      used.add(socket);
    };
  };

  test('fails no safe request', async () => {
    await using server = await startRawServer(pods, closesOnReuse());
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: port, endpoints: [server] }]),
    ]);
    using client = new HttpClient();
    const methods = ['GET', 'HEAD', 'OPTIONS', 'GET', 'TRACE', 'GET', 'GET', 'GET'];
    for (const method of methods) {
      assert.equal(
        (await client.send({ address: mesh.address, port, method, path: '/a' })).status,
        200,
        method,
      );
    }
    assert.ok(
      server.heads.length > methods.length,
      'some requests were sent on a connection that was closed',
    );
    assert.doesNotMatch(server.heads.join(''), /x-envoy/i);
  });

  test('fails any other request rather than send it twice', async () => {
    await using server = await startRawServer(pods, closesOnReuse());
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: port, endpoints: [server] }]),
    ]);
    using client = new HttpClient();
    // PROPFIND is safe by RFC 4918, which the proxy need not know.
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
      assert.equal((await client.send({ address: mesh.address, port })).status, 200);
      // What a client says of it makes no difference.
      const headers = { 'x-envoy-retry-on': 'reset' };
      assert.equal((await client.send({ address: mesh.address, port, method, headers })).status, 503, method);
      assert.equal(server.heads.filter((head) => head.startsWith(method)).length, 1, method);
    }
  });

  test('is told by the method also where a split leads there, or a name', async () => {
    await using server = await startRawServer(pods, closesOnReuse());
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: port, splits: [{ backends: [{ key: 'store/shop-new/80', weight: 1 }] }] },
      ]),
      meshService('store/shop-new', [{ meshPort: port + 1, endpoints: [server] }]),
    ]);
    using client = new HttpClient();
    for (const way of [
      { address: mesh.address, port },
      { address: mesh.address, port: 8000, host: 'shop.store.maesh' },
      { address: mesh.address, port: 8000, host: 'shop-new.store.maesh' },
    ]) {
      for (const [method, status] of [
        ['GET', 200],
        ['GET', 200],
        ['POST', 503],
      ] as const) {
        assert.equal((await client.send({ ...way, method })).status, status, `${method} at ${way.port}`);
      }
    }
    assert.equal(server.heads.filter((head) => head.startsWith('POST')).length, 3);
    assert.doesNotMatch(server.heads.join(''), /x-envoy/i);
  });

  test('fails no safe request where pods close them at any moment', async () => {
    await using server = await startRawServer(pods, (socket) => {
      socket.write(ok);
      setTimeout(() => socket.destroy(), Math.random() * 4);
    });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: port, endpoints: [server] }]),
    ]);
    using client = new HttpClient();
    for (let request = 0; request < 300; request++) {
      assert.equal((await client.send({ address: mesh.address, port })).status, 200);
      await delay(Math.random() * 4);
    }
  });

  test('seldom occurs: the proxy closes it before any common server does', async () => {
    const ended = Promise.withResolvers<number>();
    await using server = await startRawServer(pods, (socket) => {
      const answered = performance.now();
      socket.write(ok);
      void once(socket, 'end').then(() => ended.resolve(performance.now() - answered));
    });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: port, endpoints: [server] }]),
    ]);
    using client = new HttpClient();
    await client.send({ address: mesh.address, port });
    const keptMs = await ended.promise;
    // The servers that are soonest to close, Node's among them, do so after 5 s.
    assert.ok(keptMs > 500 && keptMs < 5_000, `kept for ${keptMs} ms`);
  });
});

test('a pod that cannot be reached fails no request while there is another', async () => {
  await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
  const gone = { address: '127.82.16.9', port: backend.port };
  await using mesh = await startStaticMesh(address, [
    meshService('store/shop', [{ meshPort: port, endpoints: [gone, backend] }]),
  ]);
  using client = new HttpClient();
  const send = async (method: string): Promise<number> =>
    (await client.send({ address: mesh.address, port, method, body: 'x' })).status;
  const statuses = await Promise.all(
    Array.from({ length: 40 }, (_, index) => send(index % 2 === 0 ? 'POST' : 'PUT')),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
});
