import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { talkUdp } from '../clients/udp.ts';
import { startUdpBackend } from './udp.ts';

describe('the UDP backend', () => {
  for (const address of ['127.87.0.1', '::1']) {
    test(`echoes datagrams with its name in front, on ${address}`, async () => {
      await using backend = await startUdpBackend({ name: 'shop-1', address });
      const answer = await talkUdp({ address, port: backend.port, send: 'hello\nworld' });
      assert.deepEqual(answer, { name: 'shop-1', version: 'v1', received: 'hello\nworld' });
      assert.equal(backend.served(), 1);
    });
  }

  test('is not there once it is closed', async () => {
    const backend = await startUdpBackend({ name: 'shop-1', address: '127.87.0.1' });
    const { address, port } = backend;
    await backend.close();
    await assert.rejects(talkUdp({ address, port, send: 'hello' }), { failure: 'refused' });
  });
});
