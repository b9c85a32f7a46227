// The annotations load-balancing, session-affinity and outlier-…, through a real Envoy: which pod answers.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { PortPolicy } from '../../src/model/policy.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { startUdpBackend } from '../kit/backends/udp.ts';
import { HttpClient, sendHttp } from '../kit/clients/http.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { talkUdp } from '../kit/clients/udp.ts';
import { startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.109.6.1';
const pods = ['127.109.6.2', '127.109.6.3', '127.109.6.4', '127.109.6.5'];
const clients = Array.from({ length: 24 }, (_, index) => `127.109.6.${100 + index}`);
const port = {
  leastRequest: firstPort.http,
  random: firstPort.http + 1,
  plain: firstPort.http + 2,
  header: firstPort.http + 3,
  cookie: firstPort.http + 4,
  source: firstPort.http + 5,
};

function startAll(start: (of: { name: string; address: string }) => Promise<Backend>): Promise<Backend[]> {
  return Promise.all(pods.map((pod, index) => start({ name: `pod-${index}`, address: pod })));
}

/** Each client must come to one pod every time, and not all of them to the same. */
async function assertSticky(whoAnswers: (client: string) => Promise<string>): Promise<void> {
  const seen = await Promise.all(
    clients.map(async (client) => {
      const names = await Promise.all(Array.from({ length: 4 }, () => whoAnswers(client)));
      assert.equal(new Set(names).size, 1, `${client} came to ${names.join()}`);
      return names[0];
    }),
  );
  // By chance alone all 24 go to two of four pods once in two million runs; hashes of these are the same in every run.
  assert.ok(new Set(seen).size >= 3, `${new Set(seen).size} pods for ${clients.length} clients`);
}

describe('of an HTTP port', () => {
  let backends: Backend[];
  let mesh: StaticMesh;
  before(async () => {
    backends = await startAll(startHttpBackend);
    mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 80, meshPort: port.plain, endpoints: backends },
        { port: 81, meshPort: port.random, endpoints: backends, policy: { loadBalancing: 'random' } },
        {
          port: 82,
          meshPort: port.header,
          endpoints: backends,
          policy: { affinity: { by: 'header', name: 'x-user' } },
        },
        {
          port: 83,
          meshPort: port.cookie,
          endpoints: backends,
          policy: { affinity: { by: 'cookie', name: 'session' } },
        },
        { port: 84, meshPort: port.source, endpoints: backends, policy: { affinity: { by: 'source' } } },
      ]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });

  test('load-balancing: random takes any pod, where by default each comes in its turn', async () => {
    const repeats = async (to: number): Promise<number> => {
      using client = new HttpClient();
      const names: unknown[] = [];
      for (let request = 0; request < 100; request++)
        names.push((await client.send({ address, port: to })).echo?.name);
      return names.filter((name, index) => index > 0 && name === names[index - 1]).length;
    };
    assert.equal(await repeats(port.plain), 0);
    // One in four, by chance: none at all once in 10^12 runs.
    assert.ok((await repeats(port.random)) > 0);
  });

  test('session-affinity by a header leads to the same pod for the same value', async () => {
    await assertSticky(
      async (client) =>
        (await sendHttp({ address, port: port.header, headers: { 'x-user': client } })).echo?.name ?? '',
    );
  });

  test('session-affinity by source leads to the same pod from the same address', async () => {
    await assertSticky(
      async (client) => (await sendHttp({ address, port: port.source, from: client })).echo?.name ?? '',
    );
  });

  test('session-affinity by a cookie sets one where there is none, and leads to the same pod with it', async () => {
    const cookies = await Promise.all(
      clients.map(async () => {
        const { headers, echo } = await sendHttp({ address, port: port.cookie });
        const [, cookie = ''] =
          /^(session="?[^;]+); Path=\/; HttpOnly$/u.exec(headers['set-cookie'] ?? '') ?? [];
        assert.notEqual(cookie, '', headers['set-cookie']);
        return { cookie, name: echo?.name };
      }),
    );
    for (const { cookie, name } of cookies) {
      const answer = await sendHttp({ address, port: port.cookie, headers: { cookie } });
      assert.equal(answer.echo?.name, name);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.ok(new Set(cookies.map(({ name }) => name)).size >= 3);
  });
});

test('load-balancing: least-request keeps away from a pod that is slow', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  await using slow = await startRawServer(pods[0] ?? '', (socket) => {
    setTimeout(() => socket.write(answer), 100);
  });
  await using fast = await startRawServer(pods[1] ?? '', (socket) => socket.write(answer));
  await using mesh = await startStaticMesh(address, [
    meshService('store/shop', [
      {
        meshPort: port.leastRequest,
        endpoints: [slow, fast],
        policy: { loadBalancing: 'least-request' },
      },
    ]),
  ]);
  const callOften = async (): Promise<void> => {
    using client = new HttpClient();
    for (let request = 0; request < 40; request++) {
      await client.send({ address: mesh.address, port: port.leastRequest });
    }
  };
  await Promise.all(Array.from({ length: 10 }, callOften));
  const share = slow.heads.length / (slow.heads.length + fast.heads.length);
  // It is taken where both of the two that chance names are the slow one: for one request in four, of 400.
  assert.ok(share < 0.4, `the slow pod got ${share}`);
});

describe('session-affinity by source', () => {
  test('leads connections from the same address to the same pod', async () => {
    await using stack = new AsyncDisposableStack();
    const backends = await startAll(startTcpBackend);
    for (const backend of backends) stack.use(backend);
    await using mesh = await startStaticMesh(address, [
      meshService('store/db', [
        {
          port: 5432,
          traffic: 'tcp',
          meshPort: firstPort.tcp,
          endpoints: backends,
          policy: { affinity: { by: 'source' } },
        },
      ]),
    ]);
    await assertSticky(
      async (from) => (await talkTcp({ address: mesh.address, port: firstPort.tcp, from, send: 'x' })).name,
    );
  });

  test('leads datagrams from the same address to the same pod', async () => {
    await using stack = new AsyncDisposableStack();
    const backends = await startAll(startUdpBackend);
    for (const backend of backends) stack.use(backend);
    await using mesh = await startStaticMesh(address, [
      meshService('store/clock', [
        {
          port: 53,
          traffic: 'udp',
          meshPort: firstPort.udp,
          endpoints: backends,
          policy: { affinity: { by: 'source' } },
        },
      ]),
    ]);
    await assertSticky(
      async (from) => (await talkUdp({ address: mesh.address, port: firstPort.udp, from, send: 'x' })).name,
    );
  });
});

describe('outlier-consecutive-errors', () => {
  const leftOut = async (mesh: StaticMesh): Promise<number> =>
    (await mesh.envoy.admin('/clusters')).match(/health_flags::.*failed_outlier_check/gu)?.length ?? 0;

  test('leaves a pod out for a time once so many answers on end were failures', async () => {
    await using bad = await startRawServer(pods[0] ?? '', (socket) => {
      socket.write('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n');
    });
    await using good = await startHttpBackend({ name: 'pod-1', address: pods[1] ?? '' });
    const policyOf = (ejectionMs: number): PortPolicy => ({
      outlierEjection: { consecutiveErrors: 3, ejectionMs, maxEjectedPercent: 50 },
    });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { port: 80, meshPort: port.plain, endpoints: [bad, good], policy: policyOf(60_000) },
        { port: 81, meshPort: port.random, endpoints: [bad, good], policy: policyOf(100) },
      ]),
    ]);
    using client = new HttpClient();
    const send = async (to: number): Promise<number> =>
      (await client.send({ address: mesh.address, port: to })).status;
    for (let request = 0; request < 4; request++) await send(port.plain);
    assert.equal(bad.heads.length, 2);
    assert.equal(await leftOut(mesh), 0, 'two failures are not three');
    for (let request = 0; request < 2; request++) await send(port.plain);
    await until('the pod to be left out', async () => (await leftOut(mesh)) === 1 || undefined);
    const statuses = [];
    for (let request = 0; request < 40; request++) statuses.push(await send(port.plain));
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(bad.heads.length, 3);
    // Where its time is short, it comes back, and is left out again.
    await until('the pod to be asked again', async () => {
      await send(port.random);
      return bad.heads.length >= 3 + 3 + 3 || undefined;
    });
  });

  test('leaves out no more pods than it may at once', async () => {
    await using stack = new AsyncDisposableStack();
    const backends = await startAll(startHttpBackend);
    for (const backend of backends) stack.use(backend);
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        {
          meshPort: port.plain,
          endpoints: backends,
          policy: { outlierEjection: { consecutiveErrors: 1, ejectionMs: 60_000, maxEjectedPercent: 50 } },
        },
      ]),
    ]);
    using client = new HttpClient();
    const fail = (): Promise<unknown> =>
      client.send({ address: mesh.address, port: port.plain, path: '/status/500' });
    await until('two of four pods to be left out', async () => {
      await fail();
      return (await leftOut(mesh)) === 2 || undefined;
    });
    const before = backends.map((backend) => backend.served());
    for (let request = 0; request < 40; request++) await fail();
    assert.equal(backends.filter((backend, index) => backend.served() > (before[index] ?? 0)).length, 2);
    assert.equal(await leftOut(mesh), 2);
  });
});
