import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { describe, test } from 'node:test';
import { ClientError } from '../clients/client-error.ts';
import { HttpClient, sendHttp, type HttpRequest } from '../clients/http.ts';
import { talkWebSocket } from '../clients/web-socket.ts';
import { listen } from './backend.ts';
import { startHttpBackend } from './http.ts';
import { startHttpsBackend } from './https.ts';

const shop = { name: 'shop-1', version: 'v2', address: '127.87.0.1' };

for (const [protocol, httpVersion] of [
  ['http1', '1.1'],
  ['h2c', '2.0'],
] as const) {
  describe(`the HTTP backend over ${protocol}`, () => {
    const ask = async (request: Partial<HttpRequest>) => {
      await using backend = await startHttpBackend(shop);
      const { address, port } = backend;
      return await sendHttp({ address, port, protocol, host: 'shop.store.maesh', ...request });
    };

    test('echoes what it received and says who it is', async () => {
      const answer = await ask({
        method: 'POST',
        path: '/a?b=c',
        headers: { 'x-test': 'yes' },
        body: 'hello',
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['served-by'], 'shop-1');
      assert.partialDeepStrictEqual(answer.echo, {
        name: 'shop-1',
        version: 'v2',
        httpVersion,
        method: 'POST',
        path: '/a?b=c',
        host: 'shop.store.maesh',
        headers: { 'x-test': 'yes' },
        body: 'hello',
        bodyBytes: 5,
      });
    });

    test('answers with the status, the size and the pieces that the path asks for', async () => {
      assert.equal((await ask({ path: '/status/418' })).status, 418);
      assert.equal((await ask({ path: '/bytes/300000' })).body.length, 300_000);
      assert.equal((await ask({ path: '/chunks/3' })).body, 'chunk 0\nchunk 1\nchunk 2\n');
    });

    test('sends early hints, trailers and late answers', async () => {
      assert.deepEqual((await ask({ path: '/hints' })).informational, [103]);
      assert.deepEqual((await ask({ path: '/trailers' })).trailers, { 'served-by': 'shop-1' });
      assert.equal((await ask({ path: '/slow/20' })).echo?.name, 'shop-1');
    });

    test('takes bodies that are too large to echo, and gives their hash', async () => {
      const { echo } = await ask({ method: 'PUT', body: Buffer.alloc(1_000_000, 'x') });
      assert.equal(echo?.body, '');
      assert.equal(echo?.bodyBytes, 1_000_000);
      assert.match(echo?.bodyHash ?? '', /^[0-9a-f]{64}$/u);
    });

    test('cuts the connection when told to', async () => {
      await assert.rejects(ask({ path: '/drop' }), { name: 'ClientError', failure: 'closed' });
    });

    test('is given up when it takes longer than the client waits', async () => {
      await assert.rejects(ask({ path: '/slow/10000', timeoutMs: 20 }), { failure: 'timeout' });
    });
  });
}

describe('the HTTP backend', () => {
  test('serves both protocols on one port and counts every request', async () => {
    await using backend = await startHttpBackend(shop);
    using client = new HttpClient();
    const { address, port } = backend;
    for (const protocol of ['http1', 'h2c', 'http1', 'h2c'] as const) {
      assert.equal((await client.send({ address, port, protocol })).status, 200);
    }
    assert.equal(backend.served(), 4);
  });

  test('is told the whole URL by a client that takes it for a proxy', async () => {
    await using backend = await startHttpBackend(shop);
    const { address, port } = backend;
    const { echo } = await sendHttp({
      address,
      port,
      protocol: 'proxy',
      host: 'shop.store.maesh',
      path: '/a',
    });
    assert.equal(echo?.path, 'http://shop.store.maesh/a');
    assert.equal(echo.host, 'shop.store.maesh');
  });

  test('refuses connections once it is closed, and frees its port', async () => {
    const backend = await startHttpBackend(shop);
    const { address, port } = backend;
    await backend.close();
    await assert.rejects(sendHttp({ address, port }), { failure: 'refused' });
    await assert.rejects(sendHttp({ address, port, protocol: 'h2c' }), { failure: 'refused' });
    await (await startHttpBackend({ ...shop, port })).close();
  });

  test('rejects when its port is taken', async () => {
    await using backend = await startHttpBackend(shop);
    await assert.rejects(startHttpBackend({ ...shop, port: backend.port }), { code: 'EADDRINUSE' });
  });

  test('echoes WebSocket messages, text with its identity and binary as it is', async () => {
    await using backend = await startHttpBackend(shop);
    const { address, port } = backend;
    const place = { address, port, path: '/live', host: 'shop.store.maesh' };
    const replies = await talkWebSocket({ ...place, messages: ['one', Buffer.from([0, 255]), 'two'] });
    const echo = { name: 'shop-1', version: 'v2', path: '/live', host: 'shop.store.maesh' };
    assert.deepEqual(replies, [
      { ...echo, message: 'one' },
      Buffer.from([0, 255]),
      { ...echo, message: 'two' },
    ]);
  });
});

test('the HTTPS backend serves HTTP/1.1 and HTTP/2 over TLS', async () => {
  await using backend = await startHttpsBackend(shop);
  const { address, port } = backend;
  const body = await new Promise<string>((resolve, reject) => {
    const sent = request({ host: address, port, rejectUnauthorized: false }, (response) => {
      response.setEncoding('utf8');
      response.on('data', resolve);
    });
    sent.on('error', reject);
    sent.end();
  });
  assert.partialDeepStrictEqual(JSON.parse(body), { name: 'shop-1', httpVersion: '1.1' });
  await assert.rejects(sendHttp({ address, port, timeoutMs: 1_000 }), ClientError);
});

describe('an HTTP client on a connection that ends with a request under way', () => {
  /** How a request fares that is the second on its connection, at a server that answers one on each; undefined: answered. */
  const second = async (sendsAgain: boolean, method: 'GET' | 'POST'): Promise<string | undefined> => {
    const used = new WeakSet();
    const server = createServer(({ socket }, response) => {
      if (used.has(socket)) socket.resetAndDestroy();
      else response.end('answered');
      used.add(socket);
    });
    const { port, close } = await listen(server, shop);
    try {
      using client = new HttpClient({ sendsAgain });
      const dial = { address: shop.address, port, method };
      await client.send(dial);
      await client.send(dial);
      return undefined;
    } catch (error) {
      return (error as ClientError).failure;
    } finally {
      await close();
    }
  };

  test('sends a GET again where it is to', async () => {
    assert.equal(await second(true, 'GET'), undefined);
    assert.equal(await second(false, 'GET'), 'closed');
    assert.equal(await second(true, 'POST'), 'closed');
  });
});
