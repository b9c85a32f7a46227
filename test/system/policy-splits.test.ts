// What a backend of a TrafficSplit asks for by its annotations, for the part of the root's requests that it gets.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { KubeObject } from '../../src/model/objects.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { HttpClient, type Dial } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubeService, servedService } from '../kit/objects.ts';
import { type RawServer, startRawServer } from '../kit/raw-http.ts';
import { kubeSplit } from '../kit/smi-objects.ts';
import { until } from '../kit/until.ts';

const pods = '127.131.2.1';
const breaker = { 'circuit-breaker-expression': 'ResponseCodeRatio(500, 600, 0, 600) > 0.25' };

type Asked = Readonly<Record<string, string>>;

function annotations(asked: Asked): Asked {
  return Object.fromEntries(Object.entries(asked).map(([name, value]) => [`mesh.traefik.io/${name}`, value]));
}

/** A service of one pod, and another that is its root and has none. */
function withRoot(name: string, at: Dial, asked: { readonly own?: Asked; readonly root?: Asked }) {
  return [
    ...servedService(name, at, { annotations: annotations(asked.own ?? {}) }),
    kubeService({ name: `to-${name}`, annotations: annotations(asked.root ?? {}) }),
    kubeSplit({ name, service: `to-${name}`, backends: [{ service: name, weight: 1 }] }),
  ];
}

function text(objects: readonly KubeObject[]): string {
  return objects.map((object) => JSON.stringify(manifestOf(object))).join('\n---\n');
}

describe('a backend of a TrafficSplit', () => {
  const stack = new AsyncDisposableStack();
  let backend: Backend;
  let broken: RawServer;
  let mesh: TestMesh;
  before(async () => {
    backend = stack.use(await startHttpBackend({ name: 'pod', address: pods }));
    broken = stack.use(await startRawServer(pods, (socket) => socket.destroy()));
    const database = stack.use(await startTcpBackend({ name: 'db', address: pods }));
    const objects = [
      withRoot('flaky', broken, { own: { 'retry-attempts': '5' }, root: { 'retry-attempts': '2' } }),
      withRoot('slow', backend, { own: { 'request-timeout': '100ms' }, root: { 'request-timeout': '1h' } }),
      withRoot('newer', backend, { own: { scheme: 'h2c' }, root: { scheme: 'http' } }),
      withRoot('breaking', backend, { own: breaker }),
      withRoot('plain', backend, { root: breaker }),
      withRoot('db', database, {
        own: { 'traffic-type': 'tcp', 'max-connections': '1' },
        root: { 'traffic-type': 'tcp', 'max-connections': '3' },
      }),
    ];
    const addressRange = '127.131.128.0/17';
    mesh = stack.use(await TestMesh.start({ addressRange, files: { 'all.yaml': text(objects.flat()) } }));
  });
  after(() => stack.disposeAsync());

  function rootOf(name: string): Dial {
    const { meshPort } = mesh.ports.get(`store/to-${name}/80`) ?? {};
    assert.ok(meshPort !== undefined);
    return { address: mesh.proxyAddress, port: meshPort };
  }

  test('is sent a request as often as it asks for itself', async () => {
    using client = new HttpClient();
    assert.equal((await client.send(rootOf('flaky'))).status, 503);
    assert.equal(broken.heads.length, 5);
  });

  test('has a time limit of its own', async () => {
    using client = new HttpClient();
    assert.equal((await client.send({ ...rootOf('slow'), path: '/slow/300' })).status, 504);
  });

  test('is spoken to as it asks for itself', async () => {
    using client = new HttpClient();
    assert.equal((await client.send(rootOf('newer'))).echo?.httpVersion, '2.0');
  });

  test('has a circuit breaker of its own, or else that of the root', async () => {
    for (const [root, whose] of [
      ['breaking', 'store/breaking/80'],
      ['plain', 'store/to-plain/80'],
    ] as const) {
      // One connection, so that all of it comes to one worker.
      using client = new HttpClient();
      await until(`the breaker of ${whose} to open`, async () => {
        const { status, body } = await client.send({ ...rootOf(root), path: '/status/500' });
        return (status === 503 && body.includes(`The circuit breaker of ${whose} is open`)) || undefined;
      });
    }
  });

  test('leaves limits on connections to the root', async () => {
    using held = new DisposableStack();
    let served = 0;
    for (let opened = 0; opened < 10; opened++) {
      const connection = held.use(await TcpEcho.open(rootOf('db')));
      served += await connection.echo().then(
        () => 1,
        () => 0,
      );
    }
    // Each of the proxy's two workers may have one, however many there are.
    assert.ok(served >= 3 && served <= 4, `${served}`);
  });
});
