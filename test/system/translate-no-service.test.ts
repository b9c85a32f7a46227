// Connections that callers keep to a mesh port while its service goes and another gets the port: they must not come to
// talk to that one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, before, describe, it } from 'node:test';

import type { Service } from '../../src/model/topology.ts';
import { startBackend } from '../kit/backends/start.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { HttpClient, sendHttp } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.105.1.1';
const http = { address, port: firstPort.http };
const tcp = { address, port: firstPort.tcp };

describe('a connection to a mesh port whose service is gone', () => {
  let backends: Readonly<Record<'shop' | 'cart' | 'queue' | 'other', Backend>>;
  let mesh: StaticMesh;

  const serviceOf = (name: 'shop' | 'cart'): Service =>
    meshService(`store/${name}`, [{ port: 80, meshPort: http.port, endpoints: [backends[name]] }]);
  const queueOf = (name: 'queue' | 'other'): Service =>
    meshService(`store/${name}`, [
      { port: 80, traffic: 'tcp', meshPort: tcp.port, endpoints: [backends[name]] },
    ]);

  /** Keep the blocks open. */
  const neighbours: readonly Service[] = [
    meshService('store/neighbour', [
      { port: 80, meshPort: http.port + 1 },
      { port: 81, traffic: 'tcp', meshPort: tcp.port + 1 },
    ]),
  ];

  before(async () => {
    const start = async (kind: 'http' | 'tcp', name: string): Promise<Backend> =>
      await startBackend(kind, { name, address: '127.105.1.2' });
    backends = {
      shop: await start('http', 'shop'),
      cart: await start('http', 'cart'),
      queue: await start('tcp', 'queue'),
      other: await start('tcp', 'other'),
    };
    mesh = await startStaticMesh(address, [serviceOf('shop'), ...neighbours]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(Object.values(backends).map((backend) => backend.close()));
  });

  /** Replaces all services and resolves when calls of new connections are answered so. */
  async function become(services: readonly Service[], answer: string): Promise<void> {
    await mesh.become([...services, ...neighbours]);
    await until(`the answer of ${answer}`, async () => {
      const { echo, status } = await sendHttp(http);
      return (echo?.name ?? String(status)) === answer ? true : undefined;
    });
  }

  it('ends with the answer that says so, for HTTP/1.1', async () => {
    await become([serviceOf('shop')], 'shop');
    using client = new HttpClient();
    const first = await client.send(http);
    assert.deepEqual([first.echo?.name, first.headers['connection']], ['shop', undefined]);
    await become([], '404');
    const { status, headers, body } = await client.send(http);
    assert.deepEqual([status, headers['connection']], [404, 'close']);
    assert.equal(body, 'No service of the mesh is behind this port.\n');
    await become([serviceOf('cart')], 'cart');
    const last = await client.send(http);
    assert.deepEqual([last.echo?.name, last.headers['connection']], ['cart', undefined]);
  });

  it('ends with the answer that says so, for HTTP/2', async () => {
    await become([serviceOf('shop')], 'shop');
    const session = connect(`http://${address}:${http.port}`);
    const statusOf = async (): Promise<unknown> => {
      const stream = session.request({ ':path': '/' });
      const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>];
      stream.resume();
      await once(stream, 'end');
      return headers[':status'];
    };
    assert.equal(await statusOf(), 200);
    await become([], '404');
    const goneAway = once(session, 'goaway');
    assert.equal(await statusOf(), 404);
    await goneAway;
    if (!session.closed) await once(session, 'close');
  });

  it('of TCP stays with the pod that it was opened to, whoever has the port next', async () => {
    await become([serviceOf('shop'), queueOf('queue')], 'shop');
    using connection = await TcpEcho.open(tcp);
    await connection.echo();
    await become([serviceOf('cart'), queueOf('other')], 'cart');
    using _ = await until('the other to have the port', async () => {
      const opened = await TcpEcho.open(tcp);
      await opened.echo();
      if (backends.other.served() > 0) return opened;
      opened[Symbol.dispose]();
      return undefined;
    });
    const served = [backends.queue.served(), backends.other.served()];
    await connection.echo();
    assert.deepEqual([backends.queue.served(), backends.other.served()], served);
  });
});
