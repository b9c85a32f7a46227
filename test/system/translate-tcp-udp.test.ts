import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { startUdpBackend } from '../kit/backends/udp.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { ClientError } from '../kit/clients/client-error.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { talkUdp } from '../kit/clients/udp.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

describe('TCP and UDP', () => {
  const address = '127.82.13.1';
  const pods = '127.82.13.2';
  const local = '127.82.13.3';
  const port = {
    echo: firstPort.tcp,
    greeter: firstPort.tcp + 1,
    empty: firstPort.tcp + 2,
    partlyGone: firstPort.tcp + 3,
    unused: firstPort.tcp + 4,
  };
  let backends: Backend[];
  let mesh: StaticMesh;

  before(async () => {
    const [echo, greeter, udp1, udp2, http] = await Promise.all([
      startTcpBackend({ name: 'echo-1', address: pods }),
      startTcpBackend({ name: 'greeter-1', address: pods, speaksFirst: 'server' }),
      startUdpBackend({ name: 'udp-1', address: pods }),
      startUdpBackend({ name: 'udp-2', address: pods }),
      startHttpBackend({ name: 'http-1', address: pods }),
    ]);
    backends = [echo, greeter, udp1, udp2, http];
    // Nobody listens there: a pod that is gone without the mesh knowing it yet.
    const gone = { address: '127.82.13.9', port: echo.port };
    mesh = await startStaticMesh(address, [
      meshService(
        'store/echo',
        [
          { port: 7000, traffic: 'tcp', meshPort: port.echo, endpoints: [echo] },
          { port: 7001, traffic: 'tcp', meshPort: port.greeter, endpoints: [greeter] },
          { port: 7000, traffic: 'udp', meshPort: firstPort.udp, endpoints: [udp1, udp2] },
          { port: 7080, traffic: 'http', meshPort: firstPort.http, endpoints: [http] },
        ],
        { localAddress: local },
      ),
      meshService('store/empty', [
        { port: 7000, traffic: 'tcp', meshPort: port.empty },
        { port: 7001, traffic: 'tcp', meshPort: port.partlyGone, endpoints: [gone, echo] },
      ]),
    ]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all(backends.map((backend) => backend.close()));
  });

  // Each place is reached by the mesh port, and by the service's real port on its own address.
  for (const [place, at] of [
    ['a mesh port', { tcp: { address, port: port.echo }, greeter: { address, port: port.greeter } }],
    ['an entry port', { tcp: { address: local, port: 7000 }, greeter: { address: local, port: 7001 } }],
  ] as const) {
    test(`${place} passes bytes and half-closes on, both ways`, async () => {
      const answer = await talkTcp({ ...at.tcp, send: 'hello' });
      assert.deepEqual(answer, { name: 'echo-1', version: 'v1', received: 'hello\nread 5 bytes\n' });
    });

    test(`${place} lets the server speak first`, async () => {
      const answer = await talkTcp({ ...at.greeter, speaksFirst: 'server', send: 'hi' });
      assert.partialDeepStrictEqual(answer, { name: 'greeter-1', received: 'hi\nread 2 bytes\n' });
    });
  }

  test('a mesh port without a service, or whose service has no endpoint, closes at once', async () => {
    for (const unused of [port.unused, port.empty]) {
      await assert.rejects(
        talkTcp({ address, port: unused, speaksFirst: 'server' }),
        (error) => error instanceof ClientError && error.failure === 'closed',
      );
    }
  });

  test('a connection goes to another pod where the first cannot be reached', async () => {
    // One after the other: attempts of several connections at once take turns at the pods between them.
    for (let connection = 0; connection < 6; connection++) {
      assert.equal((await talkTcp({ address, port: port.partlyGone, send: 'x' })).name, 'echo-1');
    }
  });

  for (const [place, at] of [
    ['a mesh port', { address, port: firstPort.udp }],
    ['an entry port', { address: local, port: 7000 }],
  ] as const) {
    test(`${place} passes datagrams on, spread over pods by sender`, async () => {
      const names = new Set<string>();
      for (let sender = 0; sender < 20; sender++) {
        const answer = await talkUdp({ ...at, send: `datagram ${sender}` });
        assert.equal(answer.received, `datagram ${sender}`);
        names.add(answer.name);
      }
      assert.deepEqual([...names].toSorted(), ['udp-1', 'udp-2']);
    });
  }

  test('an entry port serves HTTP by the routes of its mesh port, whatever the Host and a forged header say', async () => {
    const answer = await sendHttp({
      address: local,
      port: 7080,
      host: 'www.example.com',
      headers: { 'x-maesh-port': '1' },
    });
    assert.partialDeepStrictEqual(answer.echo, { name: 'http-1', host: 'www.example.com' });
    assert.equal(answer.echo?.headers['x-maesh-port'], undefined);
  });
});

test("a pod's other address is tried where the first cannot be reached, for HTTP and TCP", async () => {
  // Without IPv6 it is another address of the same family, which Envoy treats alike.
  const other = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === '::1'))
    ? '::1'
    : '127.82.14.3';
  await using http = await startHttpBackend({ name: 'http-1', address: other });
  await using tcp = await startTcpBackend({ name: 'tcp-1', address: '127.82.14.2' });
  await using mesh = await startStaticMesh('127.82.14.1', [
    meshService('store/dual', [
      {
        meshPort: firstPort.http,
        endpoints: [{ address: '127.82.14.9', otherAddresses: [other], port: http.port }],
      },
      {
        port: 81,
        traffic: 'tcp',
        meshPort: firstPort.tcp,
        endpoints: [{ address: other, otherAddresses: ['127.82.14.2'], port: tcp.port }],
      },
    ]),
  ]);
  assert.equal((await sendHttp({ address: mesh.address, port: firstPort.http })).echo?.name, 'http-1');
  assert.equal((await talkTcp({ address: mesh.address, port: firstPort.tcp, send: 'x' })).name, 'tcp-1');
});
