// The source of a cluster before a real API server, while everything between them goes wrong that can: in the end it has
// offered what the server has, and nothing twice (which the recorder of offers sees to).

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import type { FaultKind } from '../kit/faults/fault.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubernetesWorld } from '../kit/kubernetes-world.ts';
import { kubeEndpoint, kubePod, kubeService, kubeSlice } from '../kit/objects.ts';
import { content, OfferRecorder } from '../kit/offer-recorder.ts';
import { until } from '../kit/until.ts';

const namespaces = { watch: ['store'], ignore: [] };
/** Waits that a test need not wait for. */
const timing = { retryMs: 10, maxRetryMs: 50, listSilenceMs: 1_000, watchSilenceMs: 1_000 };

describe('what a Kubernetes source has offered is what the server has, each thing once, after', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let kubeconfig: string;
  let world: KubernetesWorld;
  /** Of a source whose way is through the proxy. */
  let recorder: OfferRecorder;
  let round = 0;

  before(async () => {
    plane = running.use(await startControlPlane());
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
    kubeconfig = await plane.writeKubeconfig({ url: proxy.url, token: plane.adminToken });
  });
  after(() => running.disposeAsync());

  beforeEach(async () => {
    world = await KubernetesWorld.create({ plane, kubeconfig, namespaces, timing });
    for (const name of ['stays', 'changes', 'goes']) {
      await world.put(kubeService({ name }));
      await world.put(kubeSlice({ name, service: '' }));
    }
    await world.put(kubePod());
    recorder = await OfferRecorder.start(world.makeSource());
  });
  afterEach(async () => {
    proxy.mend();
    await recorder.stop();
    await world[Symbol.asyncDispose]();
  });

  /** Changes something of every sort, and writes some things again that stay the same. */
  async function change(): Promise<void> {
    round += 1;
    await world.put(kubeService({ name: 'stays' }));
    await world.put(kubeService({ name: 'changes', ports: [{ port: 1_000 + round }] }));
    await world.put(kubeSlice({ name: 'changes', service: '', endpoints: endpointsOf(round) }));
    await world.put(kubeService({ name: `comes-${round}` }));
    await world.remove(kubeService({ name: 'goes' }));
    await world.remove(kubeSlice({ name: 'goes' }));
    await world.put(kubePod({ ready: round % 2 === 0 }));
  }

  /** Waits until what was offered is what a source offers that begins now, on a way without faults. */
  async function settled(): Promise<void> {
    await using straight = await KubernetesWorld.create({ plane, namespaces });
    await using fresh = await OfferRecorder.start(straight.makeSource());
    await recorder.when('what the server has', () => isDeepStrictEqual(known(recorder), known(fresh)));
    assert.deepEqual(
      recorder.offers.filter(({ changes }) => changes.some(({ key }) => key === 'store/stays')).length,
      1,
      'what stays was offered once',
    );
  }

  it('connections are cut while things change', async () => {
    assert.ok(proxy.cut() > 0);
    await change();
    proxy.cut();
    await change();
    await settled();
  });

  it('watches end in the middle of an event', async () => {
    await change();
    assert.ok((await proxy.cutMidEvent()) > 0);
    await change();
    await settled();
  });

  it('watches fall silent, and things change meanwhile', async () => {
    const stall = proxy.inject({ kind: 'stall', when: ({ isWatch }) => isWatch });
    const before = proxy.requests.length;
    await change();
    await until('another attempt', () => proxy.requests.length > before || undefined);
    stall[Symbol.dispose]();
    await settled();
  });

  it('watches are told that their place is gone', async () => {
    const before = proxy.requests.length;
    const ended = proxy.endWatches({ code: 410 });
    assert.ok(ended > 0);
    await change();
    await until('as many lists', () => lists(before) >= ended || undefined);
    await settled();
  });

  it('the server forgets where the watches were', async () => {
    proxy.receive('reset');
    proxy.cut();
    await change();
    await plane.compact();
    await plane.stopApiServer();
    await plane.startApiServer();
    await change();
    const before = proxy.requests.length;
    proxy.receive('accept');
    await until('lists', () => lists(before) >= 3 || undefined);
    await settled();
  });

  it('the server is killed and comes back', async () => {
    await change();
    await plane.kill('kube-apiserver');
    await plane.startApiServer();
    await change();
    await settled();
  });

  const answers: readonly FaultKind[] = [
    { kind: 'answer', status: 429, retryAfterSeconds: 0 },
    { kind: 'answer', status: 500 },
    { kind: 'answer', status: 410 },
    { kind: 'cut', at: 'answer' },
    { kind: 'cut', at: 300 },
  ];
  for (const fault of answers) {
    it(`requests meet ${JSON.stringify(fault)}`, async () => {
      const met = proxy.inject({ ...fault, times: 12 });
      proxy.cut();
      await change();
      await until('the fault to be over', () => met.hits === 12 || undefined);
      await change();
      await settled();
    });
  }

  it('events come again that were told before, out of the order of other objects', async () => {
    await change();
    await change();
    const met = proxy.inject({ kind: 'replay', events: 10 });
    proxy.cut();
    await until('watches that begin again', () => met.hits >= 3 || undefined);
    await change();
    await settled();
  });

  /** Requests for everything that there is, since so many requests. */
  function lists(since: number): number {
    const later = proxy.requests.slice(since).filter(({ status }) => status === 200);
    return later.filter(({ query }) => !query.has('resourceVersion')).length;
  }
});

function endpointsOf(number: number): ReturnType<typeof kubeEndpoint>[] {
  return Array.from({ length: 1 + (number % 3) }, (_, i) =>
    kubeEndpoint({ addresses: [`10.${number}.0.${i}`] }),
  );
}

function known({ objects, problems }: OfferRecorder): unknown {
  return [new Map([...objects].map(([name, object]) => [name, content(object)])), problems];
}
