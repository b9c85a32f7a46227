import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { type RawServer, sendRaw, startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('what an HTTP mesh port puts on the wire', () => {
  const address = '127.82.12.1';
  let answer = ok;
  let server: RawServer;
  let mesh: StaticMesh;

  before(async () => {
    server = await startRawServer('127.82.12.2', (socket) => socket.write(answer));
    mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: firstPort.http, endpoints: [server] }]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const send = async (request: string, until?: string): Promise<{ received: string; head: string }> => {
    const received = await sendRaw({ address, port: firstPort.http }, request, until);
    return { received, head: server.heads.at(-1) ?? '' };
  };
  const close = 'Connection: close\r\n\r\n';

  test('keeps the case of header names, both ways, and writes its own as the original did', async () => {
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-FOO-bar: 1\r\nETag: "a"\r\n\r\nok';
    const { received, head } = await send(
      `GET / HTTP/1.1\r\nHoSt: shop\r\nSOAPAction: buy\r\nx-lower: 1\r\n${close}`,
    );
    for (const line of ['HoSt: shop', 'SOAPAction: buy', 'x-lower: 1', 'X-Forwarded-Proto: http']) {
      assert.ok(head.includes(`\r\n${line}`), `${line} in ${head}`);
    }
    for (const line of ['X-FOO-bar: 1', 'ETag: "a"']) assert.ok(received.includes(`\r\n${line}`), received);
  });

  test("leaves the backend's Server, Date and reason phrase alone", async () => {
    answer = 'HTTP/1.1 299 Fine Indeed\r\nServer: mine/1\r\nDate: yesterday\r\nContent-Length: 0\r\n\r\n';
    const { received } = await send(`GET / HTTP/1.1\r\nHost: shop\r\n${close}`);
    assert.match(received, /^HTTP\/1\.1 299 Fine Indeed\r\n/u);
    assert.match(received, /\r\nServer: mine\/1\r\n/u);
    assert.match(received, /\r\nDate: yesterday\r\n/u);
    assert.doesNotMatch(received, /envoy/iu);
  });

  test('serves HTTP/1.0, also without a Host', async () => {
    answer = ok;
    const { received, head } = await send('GET /old HTTP/1.0\r\n\r\n');
    assert.match(received, /^HTTP\/1\.[01] 200 OK\r\n/u);
    assert.ok(received.endsWith('\r\n\r\nok'));
    assert.match(head, /^GET \/old HTTP\/1\.1\r\n/u);
  });

  for (const upgrade of ['h2c', 'TLS/1.2', 'HTTP/2.0']) {
    test(`passes over the offer to go on in ${upgrade}`, async () => {
      answer = ok;
      const offer = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;
      const { received, head } = await send(`GET / HTTP/1.1\r\nHost: shop\r\n${offer}\r\n`, 'ok');
      assert.match(received, /^HTTP\/1\.1 200 OK\r\n/u);
      assert.doesNotMatch(head, /\r\nUpgrade:/iu);
    });
  }

  test('lets the backend say whether to continue', async () => {
    const expecting = 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\nExpect: 100-continue\r\n';
    answer = 'HTTP/1.1 100 Continue\r\n\r\n';
    const continued = await send(`${expecting}\r\n`, '\r\n\r\n');
    assert.match(continued.received, /^HTTP\/1\.1 100 Continue\r\n/u);
    assert.match(continued.head, /\r\nExpect: 100-continue/u);
    answer = 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n';
    assert.match((await send(`${expecting}${close}`)).received, /^HTTP\/1\.1 417 /u);
  });

  test('passes headers of hundreds of kilobytes, and hundreds of headers, both ways', async () => {
    const many = Array.from({ length: 500 }, (_, index) => `X-Many-${index}: ${'v'.repeat(600)}\r\n`).join(
      '',
    );
    answer = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${many}\r\nok`;
    const { received, head } = await send(`GET / HTTP/1.1\r\nHost: shop\r\n${many}${close}`);
    assert.equal(head.match(/\r\nX-Many-/gu)?.length, 500);
    assert.equal(received.match(/\r\nX-Many-/gu)?.length, 500);
  });

  test('passes trailers of a request', async () => {
    answer = ok;
    const chunked = 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n';
    // The server of this test takes what follows the head for the head of a second request.
    await send(`POST / HTTP/1.1\r\nHost: shop\r\n${chunked}\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n`, 'ok');
    assert.match(server.heads.at(-1) ?? '', /^3\r\nabc\r\n0\r\nX-Sum: 6$/iu);
  });

  test('does not drop its own header where a client names it in Connection', async () => {
    answer = ok;
    const { received } = await send(
      'GET / HTTP/1.1\r\nHost: shop\r\nConnection: close, x-maesh-port\r\n\r\n',
    );
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/u);
  });
});
