// A mesh that is installed with `dns.restart`: its names are known as soon as CoreDNS has been replaced, and nobody notices that.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { BusyServices } from '../kit/busy-services.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshRelease } from '../kit/mesh-release.ts';
import { readyPods, type TestPod } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespace = 'hasty';

suite('a mesh for which CoreDNS is restarted', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let busy: BusyServices;
  let release: MeshRelease;

  before(async () => {
    busy = await BusyServices.start({ cluster, objects, namespace });
    release = await MeshRelease.begin({ cluster, objects });
  });
  after(async () => {
    await busy[Symbol.asyncDispose]();
    objects[Symbol.dispose]();
  });

  /** Resolves with the first answer to a call by a mesh name, from a pod of either node. */
  async function firstAnswer(): Promise<void> {
    const callers = await readyPods(objects, { namespace, label: 'app=caller' });
    const call = { address: `shop.${namespace}.maesh`, port: 80, timeoutMs: 1_000 };
    const answered = async (pod: TestPod): Promise<true> => {
      assert.equal((await pod.call('http', call)).status, 200);
      return true;
    };
    await Promise.any(
      [...callers.values()].map((pod) => until(`an answer on ${pod.node}`, () => answered(pod), 150_000)),
    );
  }

  test('is called by its names while no look-up of others fails', (t) =>
    busy.whileCalled(t, 'svc.cluster.local', async () => {
      const started = performance.now();
      await release.install({ 'dns.restart': true });
      await firstAnswer();
      t.diagnostic(`helm install to the first meshed request: ${since(started)}`);
      await cluster.rolledOut('kube-system', 'deployment/coredns');
      await release.named(`shop.${namespace}.maesh`);
      t.diagnostic(`helm install until every DNS server has the names: ${since(started)}`);
      await busy.answered('maesh');
    }));

  test('is forgotten while no look-up of others fails', (t) =>
    busy.whileCalled(t, 'svc.cluster.local', async () => {
      await release.uninstall();
      await cluster.rolledOut('kube-system', 'deployment/coredns');
      await release.forgotten(`shop.${namespace}.maesh`);
    }));
});

function since(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
