// Connections that clients keep while the service behind them changes: they must never come to belong to another one.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { drainSeconds } from '../../src/proxy/drain.ts';
import { startBackend } from '../kit/backends/start.ts';
import { HttpClient, type Dial } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { TestMesh } from '../kit/mesh.ts';
import { until } from '../kit/until.ts';

const endpoint = { http: { ip: '127.89.2.1', port: 8080 }, tcp: { ip: '127.89.2.1', port: 9090 } };

function manifests(name: string, traffic: 'http' | 'tcp'): string {
  const { ip, port } = endpoint[traffic];
  const metadata = { name, namespace: 'store', annotations: { 'mesh.traefik.io/traffic-type': traffic } };
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 7000 }] } },
    { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses: [{ ip }], ports: [{ port }] }] },
  ];
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

describe("a connection to a service's own address", () => {
  const running = new AsyncDisposableStack();
  let mesh: TestMesh;

  before(async () => {
    for (const [kind, { ip, port }] of Object.entries(endpoint)) {
      running.use(await startBackend(kind as 'http' | 'tcp', { name: kind, address: ip, port }));
    }
    mesh = running.use(
      await TestMesh.start({
        addressRange: '127.91.0.0/16',
        files: { 'other.json': manifests('other', 'http') },
      }),
    );
  });
  after(() => running.disposeAsync());

  function home(name: string): Dial {
    const address = mesh.ports.get(`store/${name}/7000`)?.localAddress;
    assert.ok(address !== undefined);
    return { address, port: 7000 };
  }

  it('is told to close with the next response when the service is another kind of service now', async () => {
    await mesh.write({ 'shop.json': manifests('shop', 'http') });
    using client = new HttpClient();
    const shop = home('shop');
    const { status, headers } = await client.send(shop);
    assert.deepEqual([status, headers['connection']], [200, undefined]);
    await mesh.write({ 'shop.json': manifests('shop', 'tcp') });
    const { status: next, headers: nextHeaders } = await client.send(shop);
    assert.deepEqual([next, nextHeaders['connection']], [404, 'close']);
    await mesh.write({ 'shop.json': manifests('shop', 'http') });
    assert.equal((await client.send(shop)).echo?.name, 'http');
  });

  it('is cut soon after the service is gone, long before another gets its address', async () => {
    await mesh.write({ 'queue.json': manifests('queue', 'tcp') });
    using connection = await TcpEcho.open(home('queue'));
    await connection.echo();
    await mesh.write({ 'queue.json': null });
    await connection.echo();
    const cut = until(
      'the connection to be cut',
      () =>
        connection.echo().then(
          () => undefined,
          () => true,
        ),
      2 * drainSeconds * 1000,
    );
    assert.equal(await cut, true);
  });
});
