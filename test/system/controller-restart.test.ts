// A controller that ends at any moment while services come, change and go: what it had begun, the next one goes on with.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Random } from '../kit/mutations/random.ts';
import { startController, type ControllerGiven, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { ServiceStorm } from '../kit/service-storm.ts';
import { until } from '../kit/until.ts';

const restarts = 30;
const killEvery = 10;

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

async function meshOf(
  name: string,
  kubeConfig: string,
): Promise<{ readonly mesh: MeshInCluster; readonly given: ControllerGiven }> {
  const at = { mesh: `mesh-${name}`, services: `store-${name}` };
  const mesh = new MeshInCluster(objects, at);
  await mesh.prepare();
  const given = { kubeConfig, namespace: at.mesh, watchNamespaces: [at.services] };
  return { mesh, given };
}

async function topologyOf(controller: RunningController): Promise<unknown> {
  return JSON.parse(await controller.get('/api/topology/current')) as unknown;
}

/** What is on record of the ports that were there all the time. */
function keptOf(
  ports: ReadonlyMap<string, number>,
  kept: ReadonlySet<string>,
): Readonly<Record<string, number>> {
  return Object.fromEntries([...ports].filter(([key]) => kept.has(key)));
}

describe('a controller that is ended again and again', () => {
  it(`moves no port and gives none twice over ${restarts} restarts`, async () => {
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    const { mesh, given } = await meshOf('storm', kubeConfig);
    const storm = new ServiceStorm(mesh, { seed: 7 });
    await storm.begin();
    let controller = await startController(given);
    const first = await until('the steady ports', async () => {
      const ports = await mesh.meshPorts();
      return ports.size === storm.kept.size ? ports : undefined;
    });
    const raging = storm.rage();
    const random = new Random(11);
    let written = 0;
    for (let restart = 0; restart < restarts; restart++) {
      const running = controller;
      // Now in the middle of its start, now of its work.
      const changes = storm.changes + random.below(8);
      const writes = random.chance(0.7) ? 0 : 1 + random.below(4);
      await until('the storm and the controller to go on', () =>
        storm.changes >= changes && running.writes() >= writes ? true : undefined,
      );
      if (restart % killEvery === 0) {
        // To the API server it is as if it were killed: nobody learns what became of its last calls, nor gives back
        // its Lease.
        proxy.receive('reset');
        proxy.cut();
      }
      await running.stop();
      proxy.mend();
      written += running.writes();
      const ports = await mesh.meshPorts();
      assert.deepEqual(keptOf(ports, storm.kept), Object.fromEntries(first));
      assert.equal(new Set(ports.values()).size, ports.size, `restart ${restart} gave a port twice`);
      controller = await startController(given);
    }
    storm.stop();
    await raging;
    assert.ok(written > restarts / 2, `only ${written} writes`);
    const last = await until('what is there to be on record', async () => {
      const ports = await mesh.meshPorts();
      assert.deepEqual([...ports.keys()].toSorted(), storm.expected);
      return ports;
    });
    assert.deepEqual(keptOf(last, storm.kept), Object.fromEntries(first));
    assert.equal(new Set(last.values()).size, last.size);
    const shadows = await mesh.shadows();
    await until('the topology to be that of the record', async () => {
      const text = JSON.stringify(await topologyOf(controller));
      return [...last.values()].every((port) => text.includes(String(port))) ? true : undefined;
    });
    const topology = await topologyOf(controller);
    await controller.stop();
    await using fresh = await startController(given);
    await until('the fresh one to be ready', () => (fresh.isReady() ? true : undefined));
    await until('it to lead', () => fresh.log.lines.find(({ message }) => message === 'This replica leads'));
    assert.deepEqual(await topologyOf(fresh), topology);
    assert.deepEqual(await mesh.shadows(), shadows);
    assert.equal(fresh.writes(), 0);
  });
});
