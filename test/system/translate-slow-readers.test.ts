import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import { test } from 'node:test';

import { listen } from '../kit/backends/backend.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { firstPort, startStaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

test('callers that do not read hold up nobody who shares their connection to a pod', async () => {
  const server = createServer({ maxSessionMemory: 4096 }, (request, response) => {
    response.end(request.url === '/big' ? Buffer.alloc(30_000_000) : 'small');
  });
  server.on('sessionError', () => {});
  const address = '127.82.19.2';
  const { port, close } = await listen(server, { name: 'big', address });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(close);
  await using mesh = await startStaticMesh('127.82.19.1', [
    meshService('store/shop', [
      { meshPort: firstPort.http, endpoints: [{ address, port }], upstream: 'http2' },
    ]),
  ]);
  // Both workers get some: each has a connection of its own to the pod.
  for (let caller = 0; caller < 20; caller++) {
    const session = connect(`http://${mesh.address}:${firstPort.http}`);
    session.on('error', () => {});
    cleanUp.defer(() => session.destroy());
    const stream = session.request({ ':path': '/big' });
    stream.on('error', () => {});
    // The answer begins, and nobody reads it.
    await once(stream, 'response');
    stream.pause();
  }
  for (let caller = 0; caller < 6; caller++) {
    const { body } = await sendHttp({ address: mesh.address, port: firstPort.http });
    assert.equal(body, 'small');
  }
});
