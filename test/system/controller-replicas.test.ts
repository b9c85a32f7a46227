// Several controllers of one mesh, against a real API server: one of them writes, whatever happens to it another takes
// over, and all of them tell proxies the same.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { LeaseTiming } from '../../src/kube/lease.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import { startController, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { startEnvoyProcess } from '../kit/envoy-process.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { Relay } from '../kit/relay.ts';
import { steadyLease } from '../kit/steady-lease.ts';
import { until } from '../kit/until.ts';

const proxyAddress = '127.102.0.1';
const isLeading = /^This replica leads$/;

let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  plane = await startControlPlane();
  objects = new KubeObjects(plane.admin);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
});

/** The replicas of a mesh of its own, and its objects. */
interface Replicas extends AsyncDisposable {
  readonly mesh: MeshInCluster;
  readonly all: readonly RunningController[];
}

/** Starts so many replicas at once, each by the kubeconfig of its place in this list, else by the administrator's. */
async function startReplicas(
  name: string,
  {
    count,
    kubeConfigs = [],
    leaseTiming = steadyLease,
  }: {
    readonly count: number;
    readonly kubeConfigs?: readonly string[];
    readonly leaseTiming?: LeaseTiming;
  },
): Promise<Replicas> {
  const mesh = new MeshInCluster(objects, { mesh: `mesh-${name}`, services: `store-${name}` });
  await mesh.prepare();
  const all = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startController({
        name: `replica-${index}`,
        kubeConfig: kubeConfigs[index] ?? plane.kubeconfig,
        namespace: `mesh-${name}`,
        watchNamespaces: [`store-${name}`],
        proxyAddress,
        leaseTiming,
      }),
    ),
  );
  const stop = async (): Promise<void> => void (await Promise.all(all.map((each) => each.stop())));
  return { mesh, all, [Symbol.asyncDispose]: stop };
}

/** How often a replica has begun to lead. */
function terms({ log }: RunningController): number {
  return log.lines.filter(({ message }) => isLeading.test(message)).length;
}

async function leaderOf(replicas: readonly RunningController[]): Promise<RunningController> {
  return await until('a replica to lead', () => replicas.find((each) => terms(each) > 0));
}

/** Resolves when so many mesh ports are on record. */
async function recorded(mesh: MeshInCluster, count: number): Promise<ReadonlyMap<string, number>> {
  return await until(`${count} mesh ports`, async () => {
    const ports = await mesh.meshPorts();
    return ports.size === count ? ports : undefined;
  });
}

/** Resolves with what all replicas tell proxies, when all tell the same and it has something in it. */
async function agreed(replicas: readonly RunningController[], containing: string): Promise<string> {
  return await until('all replicas to tell the same', async () => {
    const all = await Promise.all(replicas.map((each) => each.get('/api/configuration/current')));
    const [first = ''] = all;
    return first.includes(containing) && all.every((each) => each === first) ? first : undefined;
  });
}

/** Resolves when the replicas, the laziest first, have written so often. What came back by a watch may not be counted yet. */
async function wrote(replicas: readonly RunningController[], counts: readonly number[]): Promise<void> {
  await until('the writes to be counted', () => {
    assert.deepEqual(
      replicas.map((each) => each.writes()).toSorted((a, b) => a - b),
      counts,
    );
    return true;
  });
}

describe('several replicas', () => {
  for (const count of [2, 3]) {
    it(`of ${count} exactly one writes, and all tell proxies the same`, async () => {
      await using replicas = await startReplicas(`one-of-${count}`, { count });
      const { mesh, all } = replicas;
      await Promise.all(
        Array.from({ length: 12 }, (_, index) => mesh.put(`shop-${index}`, [{ name: 'web', port: 80 }])),
      );
      const ports = await recorded(mesh, 12);
      assert.equal(new Set(ports.values()).size, 12);
      await agreed(all, 'shop-9');
      await wrote(all, [...Array.from({ length: count - 1 }, () => 0), 12]);
      assert.equal(
        all.reduce((sum, each) => sum + terms(each), 0),
        1,
      );
    });
  }

  it('another takes over and writes where the one that leads is stopped', async () => {
    await using replicas = await startReplicas('stopped', { count: 3 });
    const { mesh, all } = replicas;
    await mesh.put('shop', [{ port: 80 }]);
    const before = await recorded(mesh, 1);
    const first = await leaderOf(all);
    await first.stop();
    await mesh.put('cart', [{ port: 80 }]);
    const ports = await recorded(mesh, 2);
    assert.equal(ports.get('shop/80'), before.get('shop/80'));
    const others = all.filter((each) => each !== first);
    await agreed(others, 'cart');
    await wrote(others, [0, 1]);
  });

  it('another takes over where the one that leads reaches its API server no more, which stops to write', async () => {
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const cut = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    // Over soon, but not for a holder on a busy machine, whose writes would end without having been counted.
    const leaseTiming = { leaseMs: 4_000, renewDeadlineMs: 3_000, retryMs: 200 };
    await using replicas = await startReplicas('cut-off', { count: 1, kubeConfigs: [cut], leaseTiming });
    const { mesh, all } = replicas;
    const first = await leaderOf(all);
    await mesh.put('shop', [{ port: 80 }]);
    const before = await recorded(mesh, 1);
    await using others = await startReplicas('cut-off', { count: 1, leaseTiming });
    const [second] = others.all;
    assert.ok(second);
    await until('the second to be ready', () => (second.isReady() ? true : undefined));
    proxy.receive('reset');
    proxy.cut();
    await mesh.put('cart', [{ port: 80 }]);
    const ports = await recorded(mesh, 2);
    assert.equal(ports.get('shop/80'), before.get('shop/80'));
    await wrote([second], [1]);
    await until('the first to lead no more', () =>
      first.log.lines.find(({ message }) => message.startsWith('This replica leads no more')),
    );
    const written = first.writes();
    proxy.mend();
    await agreed([first, second], 'cart');
    assert.equal(first.writes(), written);
  });

  it('an Envoy that goes from one to another is told nothing anew', async () => {
    await using replicas = await startReplicas('moves', { count: 2 });
    const { mesh, all } = replicas;
    const [first, second] = all;
    assert.ok(first && second);
    await Promise.all(
      Array.from({ length: 5 }, (_, index) => mesh.put(`shop-${index}`, [{ name: 'web', port: 80 }])),
    );
    await recorded(mesh, 5);
    await agreed(all, 'shop-4');
    await using relay = await Relay.start(first.xdsPort);
    await using envoy = await startEnvoyProcess(
      bootstrap({
        nodeId: 'node-1',
        cluster: 'maesh',
        xds: { address: '127.0.0.1', port: relay.port },
        admin: { address: '127.0.0.1', port: 9901 },
      }),
    );
    assert.ok((await pushed(first)) > 0);
    relay.lead(second.xdsPort);
    await until('the second to know the proxy', async () => {
      const nodes = JSON.parse(await second.get('/api/status/nodes')) as readonly { Ready: boolean }[];
      return nodes[0]?.Ready;
    });
    assert.equal(await pushed(second), 0);
    await mesh.put('shop-0', [{ name: 'web', port: 80 }], { 'mesh.traefik.io/scheme': 'h2c' });
    await until('the second to tell it what is new', async () =>
      (await pushed(second)) > 0 ? true : undefined,
    );
    assert.ok((await pushed(second)) < 5, 'what is new is one service of five');
    assert.equal(await envoy.admin('/ready'), 'LIVE\n');
  });
});

/** How many resources a replica has sent to proxies. */
async function pushed(replica: RunningController): Promise<number> {
  const lines = (await replica.get('/metrics')).split('\n');
  const counters = lines.filter((line) => line.startsWith('maesh_xds_pushed_resources_total{'));
  assert.notEqual(counters.length, 0);
  return counters.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
