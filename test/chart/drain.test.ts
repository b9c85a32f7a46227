// The chart's script that runs before a proxy is told to end, with a real Envoy: what is under way is waited for, and whoever still
// calls anew.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { chart } from '../kit/chart.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.120.3.1';

async function listening(
  server: Server | HttpServer,
): Promise<{ readonly address: string; readonly port: number }> {
  server.listen(0, address);
  await once(server, 'listening');
  return { address, port: (server.address() as AddressInfo).port };
}

/** What an Envoy says of itself: which file has the address of its admin interface. */
async function adminPort({ envoy }: StaticMesh): Promise<string> {
  const info = JSON.parse(await envoy.admin('/server_info')) as {
    readonly command_line_options: { readonly admin_address_path: string };
  };
  return (await readFile(info.command_line_options.admin_address_path, 'utf8')).trim().split(':')[1] ?? '';
}

test('a proxy that is to end serves on, and waits for answers, for TCP connections, and until nobody calls', async () => {
  const held: ServerResponse[] = [];
  const http = createServer((request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end('at once');
  });
  const tcp = createTcpServer((socket) => socket.pipe(socket));
  await using mesh = await startStaticMesh(address, [
    meshService('store/shop', [
      { meshPort: firstPort.http, endpoints: [await listening(http)] },
      { port: 7000, traffic: 'tcp', meshPort: firstPort.tcp, endpoints: [await listening(tcp)] },
      { port: 7001, traffic: 'udp', meshPort: firstPort.udp, endpoints: [{ address, port: 9 }] },
    ]),
  ]);
  const shop = { address, port: firstPort.http };
  const answer = sendHttp({ ...shop, path: '/held', timeoutMs: 60_000 });
  const socket = connect(firstPort.tcp, address);
  socket.write('x');
  await once(socket, 'data');
  await until('the request to arrive', () => held[0]);

  const drain = spawn('bash', [join(chart, 'files', 'drain.sh'), '0', await adminPort(mesh)], {
    stdio: 'pipe',
  });
  let said = '';
  for (const stream of [drain.stdout, drain.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const ended = once(drain, 'close');
  try {
    await until('callers to be asked to go', async () => said.includes('200 OK') || undefined);
    assert.equal((await sendHttp(shop)).body, 'at once');
    await waitsOn(mesh, drain);
    held[0]?.end('at last');
    assert.equal((await answer).body, 'at last');
    await waitsOn(mesh, drain);
    socket.end();
    await waitsOn(mesh, drain, async () => assert.equal((await sendHttp(shop)).body, 'at once'));
    await waitsOn(mesh, drain, () => sendDatagram(firstPort.udp));
    assert.deepEqual(await ended, [0, null], said);
  } finally {
    drain.kill();
    socket.destroy();
    http.close();
    tcp.close();
  }
});

/** Sends one from a port of its own, which nobody answers. */
async function sendDatagram(port: number): Promise<void> {
  const socket = createSocket('udp4');
  const sent = once(socket, 'close');
  socket.send('x', port, address, () => socket.close());
  await sent;
}

/**
 * Waits until the script has asked how things are more often than it does when there is nothing to wait for, and is still there.
 * @param call - What is done all the while.
 */
async function waitsOn(
  { envoy }: StaticMesh,
  script: { readonly exitCode: number | null },
  call: () => Promise<void> = async () => {},
): Promise<void> {
  const counter = 'http.admin.downstream_rq_total';
  const asked = async (): Promise<number> =>
    Number((await envoy.admin(`/stats?filter=^${counter}$`)).trim().split(': ')[1]);
  const first = await asked();
  let own = 0;
  await until('the script to ask again', async () => {
    await call();
    own += 1;
    assert.equal(script.exitCode, null, 'it has ended');
    return (await asked()) - first - own >= 6 || undefined;
  });
}
