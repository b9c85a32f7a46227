// A mesh port whose service is gone is given to no other before the proxies of every replica have acknowledged that it is
// nobody's, whatever becomes of the replicas meanwhile.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ReplicaTimes } from '../../src/app/replica.ts';
import {
  shortTimes,
  startController,
  type ControllerGiven,
  type RunningController,
} from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { SlowProxy } from '../kit/slow-proxy.ts';
import { until } from '../kit/until.ts';

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

/** A replica, and the proxy by which it reaches its API server. */
interface Replica extends AsyncDisposable {
  readonly controller: RunningController;
  readonly way: FaultProxy;
  /** Ends it as a crash does for everybody else: nobody is told that it ends. */
  readonly crash: () => Promise<void>;
}

/** A mesh of its own, with a single mesh port for HTTP, so that whoever waits for it gets it as soon as it is free. */
class Scene {
  readonly mesh: MeshInCluster;
  readonly #given: ControllerGiven;

  private constructor(mesh: MeshInCluster, given: ControllerGiven) {
    this.mesh = mesh;
    this.#given = given;
  }

  static async prepare(name: string): Promise<Scene> {
    const at = { mesh: `mesh-${name}`, services: `store-${name}` };
    const mesh = new MeshInCluster(objects, at);
    await mesh.prepare();
    const given = { kubeConfig: plane.kubeconfig, namespace: at.mesh, watchNamespaces: [at.services] };
    return new Scene(mesh, { ...given, limitHTTPPort: 1 });
  }

  /** Starts a replica and resolves when it tells proxies what to serve. */
  async start(name: string, replicaTimes: ReplicaTimes = times): Promise<Replica> {
    const way = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: way.url });
    const controller = await startController({ ...this.#given, kubeConfig, name, replicaTimes });
    await until(`${name} to be ready`, () => (controller.isReady() ? true : undefined));
    const stop = async (): Promise<void> => {
      await controller.stop();
      await way[Symbol.asyncDispose]();
    };
    const crash = async (): Promise<void> => {
      way.receive('reset');
      way.cut();
      await controller.stop();
    };
    return { controller, way, crash, [Symbol.asyncDispose]: stop };
  }

  /** The service that has the mesh port; undefined where it rests or nobody has it. */
  async owner(): Promise<string | undefined> {
    const shadows = await this.mesh.shadows();
    assert.ok(shadows.length <= 1, 'the only mesh port has several owners');
    return shadows[0]?.metadata.name.slice(this.mesh.namespaces.mesh.length + 1).split('-6d61')[0];
  }

  /** Resolves when the mesh port is the service's. */
  async owned(service: string): Promise<void> {
    await until(`the mesh port to be ${service}'s`, async () =>
      (await this.owner()) === service ? true : undefined,
    );
  }

  /** Resolves when the mesh port is on record as one that rests. */
  async rests(): Promise<void> {
    await until('the mesh port to rest', async () => (await this.mesh.resting())[0]);
    await until('the shadow Service that had it to go', async () =>
      (await this.mesh.shadows()).length === 0 ? true : undefined,
    );
  }

  /** Takes the service away that has the mesh port, and has another wait for it. Resolves when that is on record. */
  async change(from: string, to: string): Promise<void> {
    await this.mesh.remove(from);
    await this.mesh.put(to, [{ port: 80 }]);
    await this.rests();
  }

  /** Names of the Leases of replicas. */
  async leases(): Promise<readonly string[]> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${this.mesh.namespaces.mesh}/leases`;
    const found = await objects.list(`${path}?labelSelector=app%3Dmaesh,component%3Dcontroller`);
    return found.map(({ metadata }) => metadata.name);
  }
}

/** Replicas that are taken for dead only where a test says so. */
const times: ReplicaTimes = { ...shortTimes, staleMs: 300_000 };

/** Resolves when the one that leads has looked at the replicas so often that it would have let go what it may. */
async function looked({ way }: Replica): Promise<void> {
  const looks = (): number =>
    way.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/leases')).length;
  const enough = looks() + 10;
  await until('looks at the replicas', () => (looks() >= enough ? true : undefined));
}

async function led({ controller }: Replica): Promise<void> {
  await until(`${controller.name} to lead`, () =>
    controller.log.lines.find(({ message }) => message === 'This replica leads'),
  );
}

/** Resolves when a proxy that is connected to the replica is known to it and has what there is. */
async function connected({ controller }: Replica): Promise<SlowProxy> {
  const proxy = new SlowProxy(controller.xdsPort, 'slow');
  await until('the proxy to be ready', async () => {
    const metrics = await controller.get('/metrics');
    return /^maesh_xds_ack_duration_seconds_count\{type="routes"\} [1-9]/m.test(metrics) ? true : undefined;
  });
  return proxy;
}

describe('a mesh port whose service is gone', () => {
  it('rests until a proxy of another replica has acknowledged, and is given to who waits for it then', async () => {
    const scene = await Scene.prepare('ack');
    await using leader = await scene.start('leader');
    await led(leader);
    await using other = await scene.start('other');
    await scene.mesh.put('shop', [{ port: 80 }]);
    await scene.owned('shop');
    using proxy = await connected(other);
    proxy.hold();
    await scene.change('shop', 'cart');
    await until('the proxy to be told', () => (proxy.held > 0 ? true : undefined));
    await looked(leader);
    assert.equal(await scene.owner(), undefined);
    proxy.letGo();
    await scene.owned('cart');
  });

  it('rests on when the one that led has crashed, before and after another leads', async () => {
    const scene = await Scene.prepare('crash');
    await using leader = await scene.start('leader');
    await led(leader);
    await using other = await scene.start('other');
    await scene.mesh.put('shop', [{ port: 80 }]);
    await scene.owned('shop');
    using proxy = await connected(other);
    proxy.hold();
    using orphan = await connected(leader);
    orphan.hold();
    await scene.change('shop', 'cart');
    await leader.crash();
    await led(other);
    await looked(other);
    assert.equal(await scene.owner(), undefined);
    proxy.letGo();
    await looked(other);
    // Nobody knows what becomes of the proxies of the one that crashed.
    assert.equal(await scene.owner(), undefined);
    assert.equal((await scene.leases()).length, 2);
  });

  it('rests until a replica that has crashed is taken for dead', async () => {
    const scene = await Scene.prepare('stale');
    await using leader = await scene.start('leader', { ...times, staleMs: 3_000 });
    await led(leader);
    await using other = await scene.start('other');
    await scene.mesh.put('shop', [{ port: 80 }]);
    await scene.owned('shop');
    await other.crash();
    await scene.change('shop', 'cart');
    await looked(leader);
    assert.equal(await scene.owner(), undefined);
    assert.equal((await scene.leases()).length, 2);
    await scene.owned('cart');
    assert.equal((await scene.leases()).length, 1);
  });

  it('rests no longer for a replica that was stopped', async () => {
    const scene = await Scene.prepare('stopped');
    await using leader = await scene.start('leader');
    await led(leader);
    await using other = await scene.start('other');
    await scene.mesh.put('shop', [{ port: 80 }]);
    await scene.owned('shop');
    await other.controller.stop();
    await scene.change('shop', 'cart');
    await scene.owned('cart');
  });

  it('rests on when the only replica starts again', async () => {
    const scene = await Scene.prepare('restart');
    const long = { ...times, rest: { restMs: 3_600_000, lookMs: 50 } };
    const first = await scene.start('first', long);
    await scene.mesh.put('shop', [{ port: 80 }]);
    await scene.owned('shop');
    await scene.change('shop', 'cart');
    await first[Symbol.asyncDispose]();
    const second = await scene.start('second', long);
    await led(second);
    await looked(second);
    assert.equal(await scene.owner(), undefined);
    await second[Symbol.asyncDispose]();
    await using third = await scene.start('third');
    await led(third);
    await scene.owned('cart');
  });
});
