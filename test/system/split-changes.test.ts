// TrafficSplits before a real Envoy, by the hundred thousand requests and while their weights change.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { KubeObject } from '../../src/model/objects.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { startTcpBackend } from '../kit/backends/tcp.ts';
import { startUdpBackend } from '../kit/backends/udp.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { UdpSession } from '../kit/clients/udp-session.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { sendMany, startCountingBackend } from '../kit/many-requests.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubeService, servedService } from '../kit/objects.ts';
import { kubeSplit } from '../kit/smi-objects.ts';
import { TrafficLoad } from '../kit/traffic-load.ts';
import { until } from '../kit/until.ts';

const pods = '127.110.250.1';

function splitOf(weights: Readonly<Record<string, number>>) {
  return kubeSplit({ backends: Object.entries(weights).map(([service, weight]) => ({ service, weight })) });
}

function text(objects: readonly KubeObject[]): string {
  return objects.map((object) => JSON.stringify(manifestOf(object))).join('\n---\n');
}

describe('a TrafficSplit', () => {
  let mesh: TestMesh;
  const stack = new AsyncDisposableStack();
  before(async () => {
    mesh = stack.use(await TestMesh.start({ addressRange: '127.110.128.0/17' }));
  });
  after(() => stack.disposeAsync());

  /** Writes services and a split, and resolves with where the root's port is. */
  async function divide(services: Readonly<Record<string, Backend>>, annotations = {}) {
    const objects = Object.entries(services).flatMap(([name, to]) =>
      servedService(name, to, { annotations }),
    );
    await mesh.write({ 'services.yaml': text(objects) });
    const { meshPort } = mesh.ports.get('store/shop/80') ?? {};
    assert.ok(meshPort !== undefined);
    return { address: mesh.proxyAddress, port: meshPort };
  }

  it('holds its weights within one in a hundred over a hundred thousand requests', async () => {
    await using own = await startCountingBackend({ name: 'own', address: pods });
    await using v1 = await startCountingBackend({ name: 'v1', address: pods });
    await using v2 = await startCountingBackend({ name: 'v2', address: pods });
    await using v3 = await startCountingBackend({ name: 'v3', address: pods });
    const root = await divide({ shop: own, v1, v2, v3 });
    await mesh.write({ 'split.yaml': text([splitOf({ v1: 70, v2: 25, v3: 5 })]) });
    const requests = 100_000;
    assert.equal(await sendMany(root, { requests, connections: 16 }), requests);
    assert.equal(own.served(), 0);
    // By chance alone, a share is off by more than a hundredth less often than once in a billion times.
    for (const [each, share] of [
      [v1, 0.7],
      [v2, 0.25],
      [v3, 0.05],
    ] as const) {
      const found = each.served() / requests;
      assert.ok(Math.abs(found - share) <= 0.01, `${each.name} got ${found} instead of ${share}`);
    }
  });

  it('loses no request while its weights change and backends come and go', async () => {
    await using own = await startHttpBackend({ name: 'own', address: pods });
    await using v1 = await startHttpBackend({ name: 'v1', address: pods });
    await using v2 = await startHttpBackend({ name: 'v2', address: pods });
    const root = await divide({ shop: own, v1, v2 });
    await mesh.write({ 'split.yaml': text([splitOf({ v1: 100, v2: 0 })]) });
    const ask = async (method: string): Promise<void> => {
      const { status, echo } = await sendHttp({ ...root, method });
      assert.deepEqual([status, ['v1', 'v2'].includes(echo?.name ?? '')], [200, true], echo?.name);
    };
    const targets = Array.from({ length: 8 }, (_, index) => ({
      name: `client ${index}`,
      ask: () => ask(index % 2 === 0 ? 'GET' : 'POST'),
    }));
    await using load = new TrafficLoad(targets, { pauseMs: 1 });
    for (let step = 0; step <= 20; step++) {
      const weights = { v1: 100 - 5 * step, v2: 5 * step };
      await mesh.write({ 'split.yaml': text([splitOf(weights)]) });
      await load.moreOfEach(5);
      // In between, one of the two is no backend at all.
      await mesh.write({ 'split.yaml': text([splitOf(step % 2 === 0 ? { v1: 1 } : { v2: 1 })]) });
      await load.moreOfEach(2);
    }
    await mesh.write({ 'split.yaml': text([splitOf({ v1: 0, v2: 100 })]) });
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(v1.served() > 100);
    assert.ok(v2.served() > 100);
    assert.equal(own.served(), 0);
    assert.equal((await sendHttp(root)).echo?.name, 'v2');
    assert.deepEqual(mesh.nacks, []);
  });

  it('answers 503 to the part of a backend without endpoints, and no more than that', async () => {
    await using v1 = await startHttpBackend({ name: 'v1', address: pods });
    const root = await divide({ shop: v1, v1 });
    await mesh.write({
      'empty.yaml': text([kubeService({ name: 'empty' })]),
      'split.yaml': text([splitOf({ v1: 1, empty: 1 })]),
    });
    const answers = await Promise.all(Array.from({ length: 200 }, () => sendHttp(root)));
    const served = answers.filter(({ status, echo }) => status === 200 && echo?.name === 'v1').length;
    const failed = answers.filter(({ status }) => status === 503).length;
    assert.equal(served + failed, 200);
    // By chance alone, a half is off by more than this less often than once in a billion times.
    assert.ok(served > 50 && failed > 50, `${served} served, ${failed} failed`);
    await mesh.write({ 'empty.yaml': null });
  });

  it('keeps TCP connections where they are while weights change', async () => {
    const annotations = { 'mesh.traefik.io/traffic-type': 'tcp' };
    await using own = await startTcpBackend({ name: 'own', address: pods });
    await using v1 = await startTcpBackend({ name: 'v1', address: pods });
    await using v2 = await startTcpBackend({ name: 'v2', address: pods });
    await mesh.write({ 'split.yaml': null });
    const root = await divide({ shop: own, v1, v2 }, annotations);
    using before = await TcpEcho.open(root);
    await before.echo();
    await mesh.write({ 'split.yaml': text([splitOf({ v1: 1, v2: 0 })]) });
    using during = await TcpEcho.open(root);
    await during.echo();
    for (let step = 1; step <= 5; step++) {
      await mesh.write({ 'split.yaml': text([splitOf({ v1: 5 - step, v2: step })]) });
      await Promise.all([before.echo(), during.echo()]);
    }
    assert.equal((await talkTcp({ ...root, send: 'x' })).name, 'v2');
    assert.deepEqual([own.served(), v1.served() >= 1], [1, true]);
    assert.deepEqual(mesh.nacks, []);
  });

  it('keeps UDP sessions where they are while weights change, until their backend has none', async () => {
    await using own = await startUdpBackend({ name: 'own', address: pods });
    await using v1 = await startUdpBackend({ name: 'v1', address: pods });
    await using v2 = await startUdpBackend({ name: 'v2', address: pods });
    const objects = Object.entries({ shop: own, v1, v2 }).flatMap(([name, to]) =>
      servedService(name, to, { annotations: { 'mesh.traefik.io/traffic-type': 'udp' }, protocol: 'UDP' }),
    );
    await mesh.write({ 'services.yaml': text(objects), 'split.yaml': text([splitOf({ v1: 1, v2: 0 })]) });
    const { meshPort } = mesh.ports.get('store/shop/80/udp') ?? {};
    assert.ok(meshPort !== undefined);
    const root = { address: mesh.proxyAddress, port: meshPort };
    await using during = await UdpSession.open(root);
    assert.equal((await during.send()).name, 'v1');
    for (let step = 1; step < 5; step++) {
      await mesh.write({ 'split.yaml': text([splitOf({ v1: 5 - step, v2: step })]) });
      assert.equal((await during.send()).name, 'v1');
    }
    await mesh.write({ 'split.yaml': text([splitOf({ v1: 0, v2: 5 })]) });
    await until('the other backend', async () => (await during.send()).name === 'v2' || undefined);
    assert.deepEqual(mesh.nacks, []);
  });
});
