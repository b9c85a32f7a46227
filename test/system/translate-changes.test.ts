import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.82.17.1';
const pods = '127.82.17.2';

const shop = (endpoints: readonly Backend[]) =>
  meshService('store/shop', [{ meshPort: firstPort.http, endpoints }]);
const echo = (endpoints: readonly Backend[]) =>
  meshService('store/echo', [{ port: 7000, traffic: 'tcp', meshPort: firstPort.tcp, endpoints }]);

async function counter(mesh: StaticMesh, name: string): Promise<number> {
  const line = (await mesh.envoy.admin(`/stats?filter=^${name}$`)).trim();
  return Number(line.split(': ')[1]);
}

test('services that come and go never replace a listener: open connections go on', async () => {
  await using http = await startHttpBackend({ name: 'http-1', address: pods });
  await using tcp = await startTcpBackend({ name: 'tcp-1', address: pods });
  await using mesh = await startStaticMesh(address, [shop([http]), echo([tcp])], { hostPort: undefined });
  const socket = connect(firstPort.tcp, address);
  await once(socket, 'connect');
  socket.write('before');
  await once(socket, 'data');

  const cart = meshService('store/cart', [
    { meshPort: firstPort.http + 1, endpoints: [http] },
    { port: 7000, traffic: 'tcp', meshPort: firstPort.tcp + 1, endpoints: [tcp] },
  ]);
  await mesh.become([shop([http]), echo([tcp]), cart]);
  await until('the new service', async () => {
    const { status } = await sendHttp({ address, port: firstPort.http + 1 });
    return status === 200 ? status : undefined;
  });
  assert.equal((await talkTcp({ address, port: firstPort.tcp + 1, send: 'x' })).name, 'tcp-1');
  await mesh.become([shop([http]), echo([tcp])]);
  await until('the service to be gone', async () => {
    const { status } = await sendHttp({ address, port: firstPort.http + 1 });
    return status === 404 ? status : undefined;
  });

  for (const name of ['listener_modified', 'listener_in_place_updated', 'listener_removed']) {
    assert.equal(await counter(mesh, `listener_manager.${name}`), 0, name);
  }
  socket.write('after');
  const [said] = (await once(socket, 'data')) as [Buffer];
  assert.equal(said.toString(), 'after');
  socket.destroy();
});

test('endpoints that come and go change where new requests and connections go', async () => {
  await using first = await startHttpBackend({ name: 'first', address: pods });
  await using second = await startHttpBackend({ name: 'second', address: pods });
  await using mesh = await startStaticMesh(address, [shop([first])]);
  const nameNow = async (): Promise<string | undefined> =>
    (await sendHttp({ address, port: firstPort.http })).echo?.name;
  assert.equal(await nameNow(), 'first');
  await mesh.become([shop([first, second])]);
  await until('the second endpoint', async () => ((await nameNow()) === 'second' ? true : undefined));
  await mesh.become([shop([second])]);
  await until('the first endpoint to be gone', async () => {
    const names = [await nameNow(), await nameNow(), await nameNow(), await nameNow()];
    return names.every((name) => name === 'second') ? true : undefined;
  });
  await mesh.become([shop([])]);
  await until('no endpoint', async () => {
    const { status } = await sendHttp({ address, port: firstPort.http });
    return status === 503 ? true : undefined;
  });
});

test('a TCP mesh port that is given to another service leads to that one only', async () => {
  await using before = await startTcpBackend({ name: 'before', address: pods });
  await using after = await startTcpBackend({ name: 'after', address: pods });
  const other = meshService('store/other', [
    { port: 5432, traffic: 'tcp', meshPort: firstPort.tcp, endpoints: [after] },
  ]);
  await using mesh = await startStaticMesh(address, [echo([before])]);
  const talk = async (): Promise<string> => (await talkTcp({ address, port: firstPort.tcp, send: 'x' })).name;
  assert.equal(await talk(), 'before');
  await mesh.become([other]);
  await until('the other service', async () => ((await talk()) === 'after' ? true : undefined));
  for (let connection = 0; connection < 4; connection++) assert.equal(await talk(), 'after');
});
