// What Maesh 1.3 left in a cluster is taken over: its shadow Services have labels, but neither an annotation nor a
// traffic distribution.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import {
  shortTimes,
  startController,
  type ControllerGiven,
  type RunningController,
} from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { steadyLease } from '../kit/steady-lease.ts';
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

/** A mesh of its own, with what the original left of it. */
interface Left {
  readonly mesh: MeshInCluster;
  readonly given: ControllerGiven;
  /** Makes a shadow Service as Maesh 1.3 does: by `create`, and with nothing but this. */
  readonly leave: (service: string, ports: readonly LeftPort[]) => Promise<void>;
}

interface LeftPort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol?: 'UDP';
}

async function left(name: string): Promise<Left> {
  const at = { mesh: `mesh-${name}`, services: `store-${name}` };
  const mesh = new MeshInCluster(objects, at);
  await mesh.prepare();
  return {
    mesh,
    given: {
      kubeConfig: plane.kubeconfig,
      namespace: at.mesh,
      watchNamespaces: [at.services],
      leaseTiming: steadyLease,
    },
    leave: async (service, ports) => {
      const metadata = {
        name: `${at.mesh}-${service}-6d61657368-${at.services}`,
        namespace: at.mesh,
        labels: { app: 'maesh', type: 'shadow' },
      };
      const spec = { ports, selector: { component: 'maesh-mesh' } };
      await objects.send({
        method: 'POST',
        path: `/api/v1/namespaces/${at.mesh}/services`,
        body: { apiVersion: 'v1', kind: 'Service', metadata, spec },
      });
    },
  };
}

const traffic = (type: string): Readonly<Record<string, string>> => ({
  'maesh.containo.us/traffic-type': type,
});

/** Resolves when every shadow Service is as it should be. */
async function adopted({ mesh }: Left, controller: RunningController, count: number): Promise<void> {
  await until('all to be taken over', async () => {
    const shadows = await mesh.shadows();
    assert.equal(shadows.length, count);
    for (const { metadata, spec } of shadows) {
      assert.ok('annotations' in metadata, metadata.name);
      assert.equal((spec as { trafficDistribution?: string }).trafficDistribution, 'PreferSameNode');
    }
    return true;
  });
  assert.deepEqual(
    controller.log.lines.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
}

describe('what Maesh 1.3 left', () => {
  it('keeps its TCP and UDP ports and its ClusterIPs', async () => {
    const from = await left('tcp');
    const { mesh, given, leave } = from;
    await mesh.put(
      'queue',
      [
        { name: 'amqp', port: 5672 },
        { name: 'admin', port: 15_672 },
      ],
      traffic('tcp'),
    );
    await mesh.put('base', [{ port: 5432 }], traffic('tcp'));
    await mesh.put('dns', [{ name: 'dns', port: 53, protocol: 'UDP' }], traffic('udp'));
    // As handed out over time: in no order, and with gaps.
    await leave('queue', [
      { name: 'amqp', port: 5672, targetPort: 10_007 },
      { name: 'admin', port: 15_672, targetPort: 10_002 },
    ]);
    await leave('base', [{ name: 'x', port: 5432, targetPort: 10_000 }]);
    await leave('dns', [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 15_003 }]);
    const addresses = async (): Promise<readonly unknown[]> =>
      (await mesh.shadows()).map(({ spec }) => (spec as { clusterIP: string }).clusterIP);
    const [ports, before] = [await mesh.meshPorts(), await addresses()];
    await using controller = await startController(given);
    await adopted(from, controller, 3);
    assert.deepEqual(await mesh.meshPorts(), ports);
    assert.deepEqual(await addresses(), before);
    const topology = await until('the ports to be served', async () => {
      const text = await controller.get('/api/topology/current');
      return text.includes('10007') ? text : undefined;
    });
    for (const port of ports.values()) assert.match(topology, new RegExp(`\\b${port}\\b`));
    await mesh.put('later', [{ port: 80 }], traffic('tcp'));
    await until('a new service to get a free port', async () =>
      (await mesh.meshPorts()).get('later/80') === 10_001 ? true : undefined,
    );
  });

  it('goes where its service is gone', async () => {
    const from = await left('gone');
    const { mesh, given, leave } = from;
    await mesh.put('base', [{ port: 5432 }], traffic('tcp'));
    await leave('base', [{ name: 'x', port: 5432, targetPort: 10_001 }]);
    await leave('gone', [{ name: 'x', port: 80, targetPort: 10_000 }]);
    await using controller = await startController(given);
    await until('the orphan to go', async () => ((await mesh.shadows()).length === 1 ? true : undefined));
    await adopted(from, controller, 1);
    assert.deepEqual(await mesh.meshPorts(), new Map([['base/5432', 10_001]]));
  });

  it('gives each service a port of its own where several shared one for HTTP', async () => {
    const from = await left('http');
    const { mesh, given, leave } = from;
    for (const name of ['cart', 'shop', 'user']) {
      await mesh.put(name, [{ name: 'web', port: 80 }]);
      await leave(name, [{ name: 'web', port: 80, targetPort: 5000 }]);
    }
    const moves = { lookMs: 10, settleMs: 0 };
    await using controller = await startController({ ...given, replicaTimes: { ...shortTimes, moves } });
    await adopted(from, controller, 3);
    const ports = await until('each to have its own', async () => {
      const found = await mesh.meshPorts();
      const numbers = new Set(found.values());
      return numbers.size === 3 && !numbers.has(5000) ? found : undefined;
    });
    assert.deepEqual(Object.fromEntries(ports), { 'cart/80': 5256, 'shop/80': 5257, 'user/80': 5258 });
  });
});
