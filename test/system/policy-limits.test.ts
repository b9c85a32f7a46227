// The annotations request-timeout, connect-timeout, max-connections and max-pending-requests, through a real Envoy.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';

import { startHttpBackend } from '../kit/backends/http.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { startDeafServer } from '../kit/deaf-server.ts';
import { startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const address = '127.109.5.1';
const pods = '127.109.5.2';
const [asking, plain] = [firstPort.http, firstPort.http + 1];
/** A proxy of the tests has two workers, each of which may have a connection whatever the limit is. */
const workers = 2;

describe('request-timeout', () => {
  test('ends a request that has no answer by then with 504, however often it is sent', async () => {
    await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: asking, endpoints: [backend], policy: { requestTimeoutMs: 100, retryAttempts: 5 } },
        { port: 81, meshPort: plain, endpoints: [backend] },
      ]),
    ]);
    const slow = { address: mesh.address, path: '/slow/300' };
    assert.equal((await sendHttp({ ...slow, port: asking })).status, 504);
    assert.equal(backend.served(), 1);
    assert.equal((await sendHttp({ ...slow, port: plain })).status, 200);
    assert.equal((await sendHttp({ address: mesh.address, port: asking })).status, 200);
  });
});

describe('connect-timeout', () => {
  test('gives up a connection to a pod after that time, and tries another pod', async () => {
    await using deaf = await startDeafServer('127.109.5.3');
    await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
    const policy = { connectTimeoutMs: 50 };
    const patient = { connectTimeoutMs: 1000, retryAttempts: 1 };
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: asking, endpoints: [deaf], policy },
        { port: 81, meshPort: plain, endpoints: [deaf], policy: patient },
        { port: 82, meshPort: firstPort.http + 2, endpoints: [deaf, backend], policy },
      ]),
    ]);
    const ended: number[] = [];
    const call = async (port: number): Promise<number> => {
      const { status } = await sendHttp({ address: mesh.address, port });
      ended.push(port);
      return status;
    };
    assert.deepEqual(await Promise.all([call(plain), call(asking)]), [503, 503]);
    assert.deepEqual(ended, [asking, plain]);
    const statuses = [];
    for (let request = 0; request < 6; request++) statuses.push(await call(firstPort.http + 2));
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
  });
});

describe('max-connections', () => {
  test('lets requests wait for one of so many connections to the pods', async () => {
    const open = new Set<Socket>();
    let most = 0;
    await using server = await startRawServer(pods, (socket) => {
      open.add(socket);
      most = Math.max(most, open.size);
      setTimeout(() => {
        open.delete(socket);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      }, 50);
    });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: asking, endpoints: [server], policy: { maxConnections: 3 } },
        { port: 81, meshPort: plain, endpoints: [server] },
      ]),
    ]);
    const call = async (port: number): Promise<number> =>
      (await sendHttp({ address: mesh.address, port })).status;
    const statuses = await Promise.all(Array.from({ length: 60 }, () => call(asking)));
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.ok(most <= 3 + workers - 1, `${most} at once`);
    await Promise.all(Array.from({ length: 60 }, () => call(plain)));
    assert.ok(most > 10, `${most} at once without a limit`);
  });

  test('closes TCP connections that are over it', async () => {
    await using backend = await startTcpBackend({ name: 'db-1', address: pods });
    await using mesh = await startStaticMesh(address, [
      meshService('store/db', [
        {
          port: 5432,
          traffic: 'tcp',
          meshPort: firstPort.tcp,
          endpoints: [backend],
          policy: { maxConnections: 3 },
        },
      ]),
    ]);
    const outcomes: boolean[] = [];
    await using held = new AsyncDisposableStack();
    for (let index = 0; index < 10; index++) {
      const connection = held.adopt(
        await TcpEcho.open({ address: mesh.address, port: firstPort.tcp }),
        async (echo) => echo[Symbol.dispose](),
      );
      outcomes.push(
        await connection.echo().then(
          () => true,
          () => false,
        ),
      );
    }
    const served = outcomes.filter((isServed) => isServed).length;
    assert.ok(served >= 3 && served <= 3 + workers - 1, outcomes.join());
  });
});

describe('max-pending-requests', () => {
  test('refuses requests that would wait beyond it', async () => {
    await using backend = await startHttpBackend({ name: 'shop-1', address: pods });
    await using mesh = await startStaticMesh(address, [
      meshService('store/shop', [
        { meshPort: asking, endpoints: [backend], policy: { maxConnections: 1, maxPendingRequests: 2 } },
      ]),
    ]);
    const call = async (): Promise<number> =>
      (await sendHttp({ address: mesh.address, port: asking, path: '/slow/600' })).status;
    const statuses = await Promise.all(Array.from({ length: 30 }, call));
    const passed = statuses.filter((status) => status === 200).length;
    assert.deepEqual(new Set(statuses), new Set([200, 503]));
    // One or two at work, and two that wait; only these two where none is at work yet because it still connects.
    assert.ok(passed >= 2 && passed <= 2 + workers, statuses.join());
    assert.equal(backend.served(), passed);
  });
});
