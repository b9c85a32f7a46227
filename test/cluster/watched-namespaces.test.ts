// A mesh of some namespaces only, as installed with `controller.watchNamespaces`.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import { readyPods, testPods, type TestPod } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespaces = ['first', 'second', 'third'];

suite('a mesh of two namespaces', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let callers: ReadonlyMap<string, TestPod>;
  let release: MeshRelease;

  before(async () => {
    const service = (namespace: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace },
      spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 'http' }] },
    });
    for (const namespace of namespaces)
      await objects.apply(
        ...testPods({ name: 'shop', namespace, serves: { http: 8080 } }),
        service(namespace),
      );
    for (const namespace of namespaces) callers = await readyPods(objects, { namespace, label: 'app=shop' });
    release = await MeshRelease.install(
      { cluster, objects },
      { 'controller.watchNamespaces': ['first', 'second'] },
    );
    await release.named('shop.first.maesh');
  });
  after(async () => {
    for (const name of namespaces)
      await objects.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    objects[Symbol.dispose]();
  });

  test('serves the services of these, for callers of any namespace', async () => {
    for (const [node, caller] of callers)
      for (const namespace of ['first', 'second'])
        await until(
          `shop of ${namespace} on ${node}`,
          async () => {
            const call = { address: `shop.${namespace}.maesh`, port: 80, timeoutMs: 1_000 };
            assert.equal((await caller.call('http', call)).status, 200);
            return true;
          },
          90_000,
        );
  });

  test('knows nothing of the others, and may not look', async () => {
    const caller = callers.get('node1') ?? assert.fail('no caller on node1');
    const call = { address: 'shop.third.maesh', port: 80, timeoutMs: 1_000 };
    await assert.rejects(caller.call('http', call), /ENOTFOUND/);
    const account = `system:serviceaccount:${mesh}:maesh-controller`;
    const mayList = (namespace: string): Promise<string> =>
      cluster
        .kubectl('auth', 'can-i', 'list', 'services', '--namespace', namespace, '--as', account)
        // It ends with 1 where the answer is no.
        .catch((error: { readonly stdout?: string }) => error.stdout ?? '');
    assert.deepEqual(await Promise.all(namespaces.map(mayList)), ['yes\n', 'yes\n', 'no\n']);
  });

  test('leaves nothing in the cluster when it is uninstalled', async () => {
    assert.deepEqual(await release.uninstall(), []);
  });
});
