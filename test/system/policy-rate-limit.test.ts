// The annotations ratelimit-average and ratelimit-burst, through a real Envoy.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Service } from '../../src/model/topology.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { sendHttp, type HttpAnswer } from '../kit/clients/http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.109.2.1';
const [limited, free, root, limitedRoot, slow, added] = [0, 1, 2, 3, 4, 5].map(
  (index) => firstPort.http + index,
) as [number, number, number, number, number, number];

describe('ratelimit-average and ratelimit-burst', () => {
  let backend: Backend;
  let mesh: StaticMesh;
  const policy = { rateLimit: { average: 1, burst: 5 } };
  const services = (slowEndpoint: Backend = backend): readonly Service[] => [
    meshService('store/shop', [
      { meshPort: limited, endpoints: [backend], policy },
      { port: 81, meshPort: free, endpoints: [backend] },
    ]),
    meshService('store/market', [
      { meshPort: root, splits: [{ backends: [{ key: 'store/shop/80', weight: 1, policy }] }] },
      {
        port: 81,
        meshPort: limitedRoot,
        policy,
        splits: [{ backends: [{ key: 'store/shop/81', weight: 1 }] }],
      },
    ]),
    meshService('store/slow', [
      { meshPort: slow, endpoints: [slowEndpoint], policy: { rateLimit: { average: 1, burst: 100 } } },
    ]),
  ];
  before(async () => {
    backend = await startHttpBackend({ name: 'shop-1', address: '127.109.2.2' });
    mesh = await startStaticMesh(address, services());
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await backend.close();
  });

  type Headers = Readonly<Record<string, string>>;

  /** Sends many requests at once, more than any bucket holds. It fills by one a second meanwhile. */
  const sendMany = (
    from: string,
    {
      count = 20,
      port = limited,
      headers = () => ({}),
    }: { count?: number; port?: number; headers?: (index: number) => Headers } = {},
  ): Promise<HttpAnswer[]> =>
    Promise.all(
      Array.from({ length: count }, (_, index) => sendHttp({ address, port, from, headers: headers(index) })),
    );
  const passedOf = (answers: readonly HttpAnswer[]): number =>
    answers.filter(({ status }) => status === 200).length;

  test('let each client address have its burst, whatever worker it comes to, and refuse what is more', async () => {
    const before = backend.served();
    const answers = await Promise.all(['127.109.2.10', '127.109.2.11'].map((from) => sendMany(from)));
    const passed = answers.map(passedOf);
    for (const count of passed) assert.ok(count >= 5 && count <= 10, passed.join());
    assert.equal(
      backend.served() - before,
      passed.reduce((sum, count) => sum + count),
    );
  });

  test('answer 429 and say when it is worth trying again', async () => {
    const refused = (await sendMany('127.109.2.12')).filter(({ status }) => status !== 200);
    assert.ok(refused.length > 0);
    for (const { status, headers } of refused) {
      assert.equal(status, 429);
      assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/);
      assert.equal(headers['x-retry-in'], '1000ms');
    }
  });

  test('know clients by their connections: what x-forwarded-for says makes no difference', async () => {
    const from = '127.109.2.13';
    const headers = (index: number): Headers => ({ 'x-forwarded-for': `203.0.113.${index}` });
    assert.ok(passedOf(await sendMany(from, { headers })) <= 10);
    const asIfFrom = { count: 5, headers: () => ({ 'x-forwarded-for': from }) };
    assert.equal(passedOf(await sendMany('127.109.2.14', asIfFrom)), 5);
  });

  test('hold for the service port alone, and for the way by its name as well', async () => {
    const from = '127.109.2.15';
    await sendMany(from);
    assert.equal((await sendHttp({ address, port: free, from })).status, 200);
    const byName = { address, port: 8000, host: 'shop.store.maesh', from };
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendHttp(byName)));
    const passed = passedOf(answers);
    assert.ok(passed >= 5 && passed <= 10, `${passed}`);
  });

  test('hold for a backend of a split whatever methods a client uses', async () => {
    const from = '127.109.2.17';
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        sendHttp({ address, port: root, from, method: index % 2 === 0 ? 'GET' : 'POST' }),
      ),
    );
    const passed = passedOf(answers);
    assert.ok(passed >= 5 && passed < 10, `${passed}`);
  });

  test('hold for the root of a split where its backend has none of its own', async () => {
    const passed = passedOf(await sendMany('127.109.2.18', { port: limitedRoot }));
    assert.ok(passed >= 5 && passed <= 10, `${passed}`);
  });

  test('are full again when routes of the same mesh ports change, and not when pods do', async () => {
    const [from, other] = ['127.109.2.19', '127.109.2.20'];
    const all = { port: slow, count: 200 };
    assert.ok(passedOf(await sendMany(from, all)) < 200);
    await using moved = await startHttpBackend({ name: 'moved', address: '127.109.2.3' });
    await mesh.become(services(moved));
    await until('the other pod', async () => {
      const { echo } = await sendHttp({ address, port: slow, from: other });
      return echo?.name === 'moved' || undefined;
    });
    assert.ok(passedOf(await sendMany(from, all)) < 100);
    await mesh.become([
      ...services(moved),
      meshService('store/added', [{ meshPort: added, endpoints: [moved] }]),
    ]);
    await until('the new routes', async () => {
      const { status } = await sendHttp({ address, port: added });
      return status === 200 || undefined;
    });
    assert.ok(passedOf(await sendMany(from, all)) >= 100);
  });

  test('let a client pass again when the time has come that they told it', async () => {
    const from = '127.109.2.16';
    const refused = (await sendMany(from)).find(({ status }) => status === 429);
    // A timer may be up to a millisecond early.
    await new Promise((resolve) => setTimeout(resolve, Number(refused?.headers['retry-after']) * 1000 + 1));
    assert.ok(passedOf(await sendMany(from, { count: 1 })) === 1);
  });

  test('keep the buckets of the last thousand clients at most', async () => {
    const sendFromMany = async (count: number, net: number): Promise<void> => {
      for (let batch = 0; batch < count; batch += 50) {
        const clients = Array.from({ length: 50 }, (_, index) => batch + index);
        await Promise.all(
          clients.map((client) =>
            sendMany(`127.109.${net + Math.floor(client / 250)}.${1 + (client % 250)}`, { count: 1 }),
          ),
        );
      }
    };
    const first = '127.109.20.1';
    await sendMany(first);
    await sendFromMany(500, 21);
    assert.ok(passedOf(await sendMany(first, { count: 5 })) < 5, 'it is not forgotten after 500 others');
    await sendFromMany(1100, 31);
    assert.equal(passedOf(await sendMany(first, { count: 5 })), 5, 'it is after 1100');
  });
});
