import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

import { fetchConfigDump } from './config-dump.ts';

async function admin(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.85.0.3');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return `http://127.85.0.3:${(server.address() as AddressInfo).port}`;
}

test('fetchConfigDump() passes on what Envoy says, endpoints included', async (context) => {
  const url = await admin(context, (request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ asked: request.url }));
  });
  const found = await fetchConfigDump(url);
  assert.equal(found.kind, 'found');
  assert.ok(found.body instanceof ReadableStream);
  assert.equal(await text(found.body), '{"asked":"/config_dump?include_eds"}');
});

test('fetchConfigDump() says why there is none', async (context) => {
  const failing = await admin(context, (_request, response) => {
    response.writeHead(503, { 'content-type': 'application/json' }).end('{}');
  });
  const other = await admin(context, (_request, response) => response.end('<html>'));
  const silent = await admin(context, () => {});
  assert.deepEqual(await fetchConfigDump(failing), {
    kind: 'unreachable',
    reason: 'its admin interface answered with status 503',
  });
  assert.deepEqual(await fetchConfigDump(other), {
    kind: 'unreachable',
    reason: 'its admin interface answered with status 200 and no JSON',
  });
  assert.deepEqual(await fetchConfigDump(silent, 50), {
    kind: 'unreachable',
    reason: 'its admin interface did not answer in time',
  });
  assert.deepEqual(await fetchConfigDump('http://127.85.0.3:1'), {
    kind: 'unreachable',
    reason: 'ECONNREFUSED',
  });
  assert.equal((await fetchConfigDump('not a URL')).kind, 'unreachable');
});

test('fetchConfigDump() breaks off a dump that does not end in time', async (context) => {
  const url = await admin(context, (_request, response) => {
    response.setHeader('content-type', 'application/json').write('{');
  });
  const found = await fetchConfigDump(url, 100);
  assert.equal(found.kind, 'found');
  assert.ok(found.body instanceof ReadableStream);
  await assert.rejects(text(found.body));
});
