// The annotations ratelimit-average and ratelimit-burst, through a real Envoy.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { sendHttp, type HttpAnswer } from '../kit/clients/http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const address = '127.109.2.1';
const [limited, free] = [firstPort.http, firstPort.http + 1];

describe('ratelimit-average and ratelimit-burst', () => {
  let backend: Backend;
  let mesh: StaticMesh;
  before(async () => {
    backend = await startHttpBackend({ name: 'shop-1', address: '127.109.2.2' });
    mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: limited, endpoints: [backend], policy: { rateLimit: { average: 1, burst: 5 } } },
        { port: 81, meshPort: free, endpoints: [backend] },
      ]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await backend.close();
  });

  const send = (from: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> =>
    sendHttp({ address, port: limited, from, headers });
  const sendMany = async (count: number, from: string): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: count }, () => send(from)));
    return answers.filter(({ status }) => status === 200).length;
  };

  test('let each client address have its burst, whatever worker it comes to, and refuse what is more', async () => {
    const before = backend.served();
    const passed = await Promise.all(['127.109.2.10', '127.109.2.11'].map((from) => sendMany(40, from)));
    // The buckets fill meanwhile, by one a second.
    for (const count of passed) assert.ok(count >= 5 && count <= 10, passed.join());
    assert.equal(
      backend.served() - before,
      passed.reduce((sum, count) => sum + count),
    );
  });

  test('answer 429 and say when it is worth trying again', async () => {
    const from = '127.109.2.12';
    await sendMany(10, from);
    const { status, headers } = await send(from);
    assert.equal(status, 429);
    assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/);
    assert.equal(headers['x-retry-in'], '1000ms');
  });

  test('know clients by their connections: what x-forwarded-for says makes no difference', async () => {
    const from = '127.109.2.13';
    await sendMany(10, from);
    assert.equal((await send(from, { 'x-forwarded-for': '203.0.113.7' })).status, 429);
    assert.equal((await send('127.109.2.14', { 'x-forwarded-for': from })).status, 200);
  });

  test('hold for the service port alone, and for the way by its name as well', async () => {
    const from = '127.109.2.15';
    await sendMany(10, from);
    assert.equal((await sendHttp({ address, port: free, from })).status, 200);
    const byName = { address, port: 8000, host: 'shop.store.maesh', from };
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async () => (await sendHttp(byName)).status),
    );
    assert.ok(statuses.includes(429), statuses.join());
  });

  test('give a client its burst again with time', async () => {
    const from = '127.109.2.16';
    await sendMany(10, from);
    assert.equal((await send(from)).status, 429);
    const { headers } = await send(from);
    await new Promise((resolve) => setTimeout(resolve, Number(headers['retry-after']) * 1000));
    assert.equal((await send(from)).status, 200);
  });

  test('keep the buckets of the last thousand clients at most', async () => {
    // Each of these is another client, and none of them is refused; the first is forgotten by then, with its debts.
    const first = '127.109.20.1';
    await sendMany(10, first);
    assert.equal((await send(first)).status, 429);
    for (let batch = 0; batch < 1100; batch += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          send(`127.109.${21 + Math.floor((batch + index) / 250)}.${1 + ((batch + index) % 250)}`),
        ),
      );
    }
    assert.equal((await send(first)).status, 200);
  });
});
