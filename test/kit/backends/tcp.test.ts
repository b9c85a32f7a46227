import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { talkTcp } from '../clients/tcp.ts';
import { listen } from './backend.ts';
import { startTcpBackend } from './tcp.ts';

const shop = { name: 'shop-1', version: 'v2', address: '127.87.0.1' };

describe('the TCP backend', () => {
  test('introduces itself after the first byte, echoes, and ends after the client has', async () => {
    await using backend = await startTcpBackend(shop);
    const { address, port } = backend;
    const answer = await talkTcp({ address, port, send: 'hello' });
    assert.deepEqual(answer, { name: 'shop-1', version: 'v2', received: 'hello\nread 5 bytes\n' });
    assert.equal(backend.served(), 1);
  });

  test('speaks first where it is the greeter', async () => {
    await using backend = await startTcpBackend({ ...shop, speaksFirst: 'server' });
    const { address, port } = backend;
    const answer = await talkTcp({ address, port, speaksFirst: 'server', send: 'hello' });
    assert.deepEqual(answer, { name: 'shop-1', version: 'v2', received: 'hello\nread 5 bytes\n' });
  });

  test('waits for the client where it is not', async () => {
    await using backend = await startTcpBackend(shop);
    const { address, port } = backend;
    await assert.rejects(talkTcp({ address, port, speaksFirst: 'server', timeoutMs: 50 }), {
      failure: 'timeout',
    });
  });

  test('echoes more than fits into the buffers', async () => {
    await using backend = await startTcpBackend(shop);
    const { address, port } = backend;
    const { received } = await talkTcp({ address, port, send: 'x'.repeat(5_000_000) });
    assert.equal(received.length, 5_000_000 + '\nread 5000000 bytes\n'.length);
  });
});

describe('the TCP client', () => {
  test('says that nobody listens', async () => {
    const backend = await startTcpBackend(shop);
    const { address, port } = backend;
    await backend.close();
    await assert.rejects(talkTcp({ address, port }), { failure: 'refused' });
  });

  test('says that the connection was closed without a word', async () => {
    const options = { name: 'silent', address: '127.87.0.1' };
    const { port, close } = await listen(
      createServer((socket) => socket.end()),
      options,
    );
    await assert.rejects(talkTcp({ address: options.address, port, speaksFirst: 'server' }), {
      failure: 'closed',
    });
    await close();
  });
});
