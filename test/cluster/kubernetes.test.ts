// The cluster itself: what the other tests take for granted of Kubernetes.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { caughtUp } from '../kit/caught-up.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { readyPods, testPods, type TestPod } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespace = 'kubernetes-test';
const nodes = ['node1', 'node2'];

suite('the cluster', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let callers: ReadonlyMap<string, TestPod>;

  before(async () => {
    const service = (name: string, more: object): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 'http' }], ...more },
    });
    await objects.apply(
      ...testPods({ name: 'server', namespace, serves: { http: 8080 } }),
      ...testPods({ name: 'caller', namespace }),
      service('any', {}),
      service('near', { trafficDistribution: 'PreferSameNode' }),
      service('local', { internalTrafficPolicy: 'Local' }),
    );
    await readyPods(objects, { namespace, label: 'app=server' });
    callers = await readyPods(objects, { namespace, label: 'app=caller' });
    // What kube-proxy doesn't know yet is refused or dropped.
    for (const name of ['any', 'near', 'local'])
      for (const node of nodes)
        await until(`${name} on ${node}`, () => answering(node, name).catch(() => undefined));
  });
  after(async () => {
    await cluster.kubectl('delete', 'namespace', namespace);
    objects[Symbol.dispose]();
  });

  /** The name of the pod that answers a call from a node to a service of the namespace. */
  async function answering(node: string, service: string): Promise<string> {
    const address = `${service}.${namespace}.svc.cluster.local`;
    const answer = await callers.get(node)?.call('http', { address, port: 80, timeoutMs: 1000 });
    return answer?.echo?.name ?? assert.fail(`no echo: ${answer?.body}`);
  }

  async function answeringAll(node: string, service: string): Promise<readonly string[]> {
    const names = new Set<string>();
    for (let call = 0; call < 40; call++) names.add(await answering(node, service));
    return [...names];
  }

  test('resolves names, by search domains too, and sends calls to the pods of both nodes', async () => {
    for (const node of nodes) assert.equal((await answeringAll(node, 'any')).length, 2);
    const short = await callers.get('node1')?.call('http', { address: 'any', port: 80 });
    assert.equal(short?.status, 200);
  });

  test('keeps calls on their node where a Service prefers or demands it', async () => {
    const servers = await readyPods(objects, { namespace, label: 'app=server' });
    for (const node of nodes) {
      const own = [servers.get(node)?.name];
      assert.deepEqual(await answeringAll(node, 'near'), own);
      assert.deepEqual(await answeringAll(node, 'local'), own);
    }
  });

  test('gives logs of pods and runs programs in them', async () => {
    const caller = callers.get('node2') ?? assert.fail('no pod on node2');
    const said = await cluster.exec({ namespace, name: caller.name }, 'node', '--print', '6 * 7');
    assert.equal(said.trim(), '42');
    assert.equal(typeof (await cluster.kubectl('logs', '--namespace', namespace, caller.name)), 'string');
  });

  test('goes on after its API server was away', async () => {
    await cluster.stopApiServer();
    await assert.rejects(cluster.kubectl('get', 'nodes'), /refused/);
    assert.equal(typeof (await answering('node1', 'any')), 'string');
    await cluster.startApiServer();
    await until('both nodes to be ready', async () => {
      const list = await cluster.kubectl('get', 'nodes', '--no-headers');
      return list.match(/ Ready /g)?.length === 2 || undefined;
    });
    await caughtUp(objects, callers.values());
  });
});
