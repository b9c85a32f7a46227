// A mesh that controls access, as installed with `acl: true`: who may call what, by the service accounts of real pods.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshRelease } from '../kit/mesh-release.ts';
import { readyPods, testPods, type TestPod } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const nodes = ['node1', 'node2'];

suite('a mesh that controls access', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let callers: Readonly<Record<'web' | 'job', ReadonlyMap<string, TestPod>>>;
  let release: MeshRelease;

  before(async () => {
    await objects.apply(
      ...testPods({
        name: 'vault',
        namespace: 'safe',
        serves: { http: 8080, tcp: 9000 },
        serviceAccount: 'vault',
      }),
      ...testPods({ name: 'web', namespace: 'hall', serviceAccount: 'web' }),
      ...testPods({ name: 'job', namespace: 'hall', serviceAccount: 'job' }),
      service('vault', 'http', { port: 80, targetPort: 'http' }),
      service('door', 'tcp', { port: 9000, targetPort: 'tcp' }),
    );
    await readyPods(objects, { namespace: 'safe', label: 'app=vault' });
    callers = {
      web: await readyPods(objects, { namespace: 'hall', label: 'app=web' }),
      job: await readyPods(objects, { namespace: 'hall', label: 'app=job' }),
    };
    release = await MeshRelease.install({ cluster, objects }, { acl: true });
    await release.named('vault.safe.maesh');
  });
  after(async () => {
    for (const name of ['safe', 'hall'])
      await objects.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    objects[Symbol.dispose]();
  });

  interface HttpCall {
    readonly path: string;
    readonly method?: string;
  }

  /** The status that pods of an account get on each node. */
  function statuses(account: 'web' | 'job', { path, method = 'GET' }: HttpCall): Promise<number[]> {
    const call = { address: 'vault.safe.maesh', port: 80, path, method, timeoutMs: 1_000 };
    return Promise.all(
      nodes.map(async (node) => (await callers[account].get(node)?.call('http', call))?.status ?? 0),
    );
  }

  async function statusBecomes(status: number, call: HttpCall): Promise<void> {
    await until(
      `status ${status} for web`,
      async () => {
        assert.deepEqual(await statuses('web', call), [status, status]);
        return true;
      },
      90_000,
    );
  }

  /** How a TCP call of an account ends on each node: the answer, or the failure. */
  function talks(account: 'web' | 'job'): Promise<string[]> {
    const call = { address: 'door.safe.maesh', port: 9000, send: 'hello', timeoutMs: 1_000 };
    return Promise.all(
      nodes.map(async (node) => {
        const talk = callers[account].get(node)?.call('tcp', call);
        return (
          talk?.then(
            ({ received }) => received,
            (error: { failure?: string }) => error.failure ?? '',
          ) ?? ''
        );
      }),
    );
  }

  test('lets nobody call where no TrafficTarget says so', async () => {
    await statusBecomes(403, { path: '/api' });
    assert.deepEqual(await statuses('job', { path: '/api' }), [403, 403]);
    assert.deepEqual(await talks('web'), ['closed', 'closed']);
  });

  test('lets pods of the named service account call, and what the rules name only', async () => {
    await objects.apply(...rules, target('web'));
    await statusBecomes(200, { path: '/api/keys' });
    assert.deepEqual(await statuses('web', { path: '/other' }), [403, 403]);
    assert.deepEqual(await statuses('web', { path: '/api', method: 'DELETE' }), [403, 403]);
    assert.deepEqual(await statuses('job', { path: '/api' }), [403, 403]);
    assert.deepEqual(await talks('web'), ['hello\nread 5 bytes\n', 'hello\nread 5 bytes\n']);
    assert.deepEqual(await talks('job'), ['closed', 'closed']);
  });

  test('follows a changed TrafficTarget', async () => {
    await objects.apply(target('job'));
    await statusBecomes(403, { path: '/api' });
    assert.deepEqual(await statuses('job', { path: '/api' }), [200, 200]);
    await objects.delete(...rules, target('job'));
    await until('nobody to be let in', async () => {
      assert.deepEqual(await statuses('job', { path: '/api' }), [403, 403]);
      return true;
    });
  });

  test('leaves nothing in the cluster when it is uninstalled', async () => {
    assert.deepEqual(await release.uninstall(), []);
  });
});

function service(name: string, traffic: string, port: object): KubeObject {
  const annotations = { 'mesh.traefik.io/traffic-type': traffic };
  const spec = { selector: { app: 'vault' }, ports: [port] };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'safe', annotations },
    spec,
  } as KubeObject;
}

const rules: readonly KubeObject[] = [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name: 'api', namespace: 'safe' },
    spec: { matches: [{ name: 'read', methods: ['GET'], pathRegex: '/api' }] },
  },
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'TCPRoute',
    metadata: { name: 'any', namespace: 'safe' },
    spec: {},
  },
];

function target(source: string): KubeObject {
  return {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name: 'vault', namespace: 'safe' },
    spec: {
      destination: { kind: 'ServiceAccount', name: 'vault', namespace: 'safe' },
      sources: [{ kind: 'ServiceAccount', name: source, namespace: 'hall' }],
      rules: [
        { kind: 'HTTPRouteGroup', name: 'api' },
        { kind: 'TCPRoute', name: 'any' },
      ],
    },
  };
}
