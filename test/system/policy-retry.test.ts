// The annotation retry-attempts, through a real Envoy: how often a request reaches a server that fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient } from '../kit/clients/http.ts';
import { startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const address = '127.109.1.1';
const pods = '127.109.1.2';
const [five, one, plain] = [firstPort.http, firstPort.http + 1, firstPort.http + 2];

describe('retry-attempts', () => {
  test('is how often a safe request is sent in all where no answer to it begins', async () => {
    await using server = await startRawServer(pods, (socket) => socket.destroy());
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 80, meshPort: five, endpoints: [server], policy: { retryAttempts: 5 } },
        { port: 81, meshPort: one, endpoints: [server], policy: { retryAttempts: 1 } },
        { port: 82, meshPort: plain, endpoints: [server] },
      ]),
    ]);
    using client = new HttpClient();
    for (const [port, method, times] of [
      [five, 'GET', 5],
      [one, 'GET', 1],
      [plain, 'GET', 3],
      // A server may have acted on it.
      [five, 'POST', 1],
    ] as const) {
      const before = server.heads.length;
      assert.equal((await client.send({ address: mesh.address, port, method })).status, 503);
      assert.equal(server.heads.length - before, times, `${method} at ${port}`);
    }
  });

  test('counts attempts at pods that cannot be reached, whatever the method', async () => {
    await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
    const gone = ['127.109.1.7', '127.109.1.8', '127.109.1.9'].map((dead) => ({
      address: dead,
      port: backend.port,
    }));
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 80, meshPort: five, endpoints: [...gone, backend], policy: { retryAttempts: 5 } },
        { port: 81, meshPort: one, endpoints: [...gone, backend], policy: { retryAttempts: 1 } },
      ]),
    ]);
    using client = new HttpClient();
    const statuses = async (port: number): Promise<number[]> => {
      const seen: number[] = [];
      for (let request = 0; request < 12; request++) {
        seen.push((await client.send({ address: mesh.address, port, method: 'POST', body: 'x' })).status);
      }
      return seen;
    };
    assert.deepEqual(await statuses(five), Array(12).fill(200));
    // Without a second attempt, each worker's share of three in four fails.
    const alone = await statuses(one);
    assert.ok(alone.filter((status) => status === 503).length >= 6, alone.join());
  });

  test('never sends again what was answered, whatever the status', async () => {
    await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: five, endpoints: [backend], policy: { retryAttempts: 5 } }]),
    ]);
    using client = new HttpClient();
    for (const status of [500, 502, 503, 504, 429]) {
      assert.equal(
        (await client.send({ address: mesh.address, port: five, path: `/status/${status}` })).status,
        status,
      );
    }
    assert.equal(backend.served(), 5);
  });

  test('hits a service that fails by no more than a fifth on top', async () => {
    await using server = await startRawServer(pods, (socket) => {
      setTimeout(() => socket.destroy(), 50);
    });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [{ meshPort: five, endpoints: [server], policy: { retryAttempts: 5 } }]),
    ]);
    const calls = 1000;
    let called = 0;
    const callOnAndOn = async (): Promise<void> => {
      using client = new HttpClient();
      while (called++ < calls) await client.send({ address: mesh.address, port: five });
    };
    await Promise.all(Array.from({ length: 100 }, callOnAndOn));
    const extra = server.heads.length - calls;
    assert.ok(extra > 0 && extra <= calls / 5, `${extra} more than ${calls}`);
  });
});
