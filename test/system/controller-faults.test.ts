// A whole controller before a real API server, while everything between them goes wrong that can, its writes and its Lease
// included: in the end what is on record and what it tells proxies is what the objects make, and no port has moved.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { topologyPieces } from '../../src/serve/http/topology-json.ts';
import { clusterFromScratch } from '../kit/cluster-from-scratch.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { shortTimes, startController, type RunningController } from '../kit/controllers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import type { FaultKind, SeenRequest } from '../kit/faults/fault.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { ShadowHistory } from '../kit/shadow-history.ts';
import { until } from '../kit/until.ts';

const namespaces = { mesh: 'mesh', services: 'store' };
const proxyAddress = '127.107.3.1';

const isWrite = ({ method }: SeenRequest): boolean => method !== 'GET';
const isOfLease = ({ path }: SeenRequest): boolean => path.endsWith('/leases/maesh-controller');
const isOfShadow = ({ path }: SeenRequest): boolean =>
  path.startsWith(`/api/v1/namespaces/${namespaces.mesh}/services`);
const isShadowWrite = (request: SeenRequest): boolean => isWrite(request) && isOfShadow(request);

describe('a controller ends where it should after', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let mesh: MeshInCluster;
  let history: ShadowHistory;
  let controller: RunningController;
  /** Mesh port of the service that is never touched. */
  let steadyPort: number | undefined;
  let round = 0;

  before(async () => {
    plane = running.use(await startControlPlane());
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
    mesh = new MeshInCluster(running.use(new KubeObjects(plane.admin)), namespaces);
    await mesh.prepare();
    history = running.use(new ShadowHistory(plane.admin, namespaces.mesh));
    await mesh.put('steady', [{ port: 80 }]);
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    const given = { kubeConfig, namespace: namespaces.mesh, watchNamespaces: [namespaces.services] };
    // As usual, a port that is free rests for longer than it may take to hear of a write whose answer was lost: else it
    // could be another's by then.
    const replicaTimes = { ...shortTimes, rest: { restMs: 60_000, lookMs: 50 } };
    controller = running.use(await startController({ ...given, proxyAddress, replicaTimes }));
    await settled(['steady/80']);
    steadyPort = (await mesh.meshPorts()).get('steady/80');
  });
  after(() => running.disposeAsync());

  /** Changes services so that shadow Services have to be made, changed and deleted; returns what has to be on record then. */
  async function change(): Promise<readonly string[]> {
    round += 1;
    await mesh.put(`comes-${round}`, [{ port: 80 }]);
    await mesh.put('grows', [
      { name: 'first', port: 80 },
      { name: `more-${round}`, port: 100 + round },
    ]);
    await mesh.remove(`comes-${round - 1}`);
    return ['steady/80', `comes-${round}/80`, 'grows/80', `grows/${100 + round}`];
  }

  /** Waits until exactly these ports are on record, and the controller tells what the objects make of them. */
  async function settled(expected: readonly string[]): Promise<void> {
    await until(
      'the record to be right',
      async () => {
        const ports = await mesh.meshPorts();
        assert.deepEqual([...ports.keys()].toSorted(), expected.toSorted());
        assert.equal(new Set(ports.values()).size, ports.size);
        return true;
      },
      40_000,
    );
    const { topology } = await clusterFromScratch(mesh, { plane, proxyAddress });
    const told = JSON.parse([...topologyPieces(topology)].join('')) as unknown;
    await until('the controller to tell it', async () => {
      assert.deepEqual(JSON.parse(await controller.get('/api/topology/current')), told);
      return true;
    });
    for (const key of ['steady/80', 'grows/80']) {
      assert.ok(history.portsOf(key).length <= 1, `${key} has moved: ${history.portsOf(key).join(', ')}`);
    }
    if (steadyPort !== undefined) assert.deepEqual(history.portsOf('steady/80'), [steadyPort]);
  }

  // Not 409: a server says it only of an object that has changed, so that the controller waits to hear of that.
  const faults: readonly FaultKind[] = [
    { kind: 'answer', status: 429, retryAfterSeconds: 1 },
    { kind: 'answer', status: 429 },
    { kind: 'answer', status: 500 },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 410 },
    { kind: 'cut', at: 'request' },
    { kind: 'cut', at: 'answer' },
    { kind: 'cut', at: 100 },
  ];

  for (const fault of faults) {
    it(`${JSON.stringify(fault)} of writes of shadow Services`, async () => {
      const met = proxy.inject({ ...fault, when: isShadowWrite, times: 4 });
      const expected = await change();
      await until('the fault to be over', () => met.hits === 4 || undefined, 40_000);
      await settled(expected);
    });
  }

  it('writes that hang', async () => {
    const stall = proxy.inject({ kind: 'stall', when: isShadowWrite });
    const expected = await change();
    await until(
      'a write that hangs',
      () => proxy.requests.findLast(isShadowWrite)?.status === 0 || undefined,
    );
    stall[Symbol.dispose]();
    await settled(expected);
  });

  for (const fault of faults) {
    it(`${JSON.stringify(fault)} of its Lease, whether or not it is lost`, async () => {
      const met = proxy.inject({ ...fault, when: isOfLease, times: 6 });
      const expected = await change();
      await until('the fault to be over', () => met.hits === 6 || undefined, 40_000);
      await settled(expected);
    });
  }

  it('a Lease that it loses, since nothing is heard of it', async () => {
    // What went before may have cost it the Lease, which it takes again.
    await until('it to lead', () => {
      const last = controller.log.lines.findLast(({ message }) => message.startsWith('This replica leads'));
      return last?.message === 'This replica leads' || undefined;
    });
    using stall = proxy.inject({ kind: 'stall', when: isOfLease });
    const lines = controller.log.lines.length;
    await until('it to lead no more', () =>
      controller.log.lines
        .slice(lines)
        .find(({ message }) => message.startsWith('This replica leads no more')),
    );
    const expected = await change();
    stall[Symbol.dispose]();
    await settled(expected);
  });

  it('not hearing for a while what came of its own writes', async () => {
    const stall = proxy.inject({ kind: 'stall', when: (request) => request.isWatch && isOfShadow(request) });
    await change();
    const expected = await change();
    const isDone = (request: SeenRequest | undefined): boolean => (request?.status ?? 0) >= 200;
    await until('the writes', () => isDone(proxy.requests.findLast(isShadowWrite)) || undefined);
    stall[Symbol.dispose]();
    await settled(expected);
  });

  it('hearing twice, and in another order, what came of its own writes', async () => {
    await settled(await change());
    const met = proxy.inject({ kind: 'replay', events: 20, when: isOfShadow });
    proxy.cut();
    const expected = await change();
    await until('the watch to begin again', () => met.hits > 0 || undefined);
    met[Symbol.dispose]();
    await settled(expected);
  });

  it('being told that its watches are too old in the middle of changes', async () => {
    const before = await change();
    assert.ok(proxy.endWatches({ code: 410 }) > 0);
    assert.notDeepEqual(before, await change());
    proxy.endWatches({ code: 410 });
    await settled(await change());
  });

  it('anything of it all at once', async () => {
    const inForce = faults.map((fault) => proxy.inject({ ...fault, share: 0.05 }));
    const deadline = performance.now() + 3_000;
    let expected = await change();
    while (performance.now() < deadline || inForce.some(({ hits }) => hits === 0)) {
      proxy.cut(isOfShadow);
      expected = await change();
    }
    proxy.mend();
    await settled(expected);
  });
});
