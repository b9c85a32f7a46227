// The control plane of the test kit: that it is a real one, and that nothing is left of it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';

import { startControlPlane, type ComponentName, type ControlPlane } from '../kit/control-plane.ts';
import { descendants } from '../kit/descendants.ts';
import { KubeObjects, type KubeObject, type KubeRefusal, type WatchEvent } from '../kit/kube-objects.ts';
import { gone } from '../kit/running.ts';
import { until } from '../kit/until.ts';

const programs: readonly ComponentName[] = ['etcd', 'kube-apiserver', 'kube-controller-manager'];

function service(namespace: string, name = 'shop'): KubeObject {
  const spec = { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec };
}

function slice(namespace: string, address: string): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'shop-a',
      namespace,
      labels: { 'kubernetes.io/service-name': 'shop' },
    } as object as KubeObject['metadata'],
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}

function pod(namespace: string, address: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shop-1', namespace, labels: { app: 'shop' } } as object as KubeObject['metadata'],
    spec: { nodeName: 'node-1', containers: [{ name: 'shop', image: 'localhost/shop' }] },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

const slices = (namespace: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

/** What an endpoint slice says, as `address:port`, and whether it is ready. */
function endpointsOf(object: KubeObject | undefined): string[] {
  const { endpoints, ports } = object as KubeObject & {
    readonly endpoints: readonly { addresses: string[]; conditions: { ready: boolean } }[] | null;
    readonly ports: readonly { port: number }[];
  };
  return (endpoints ?? []).map((each) => `${each.addresses[0]}:${ports[0]?.port} ${each.conditions.ready}`);
}

async function nextEvent(events: AsyncGenerator<WatchEvent, void>): Promise<WatchEvent> {
  const { value } = await events.next();
  assert.ok(value !== undefined, 'the watch has ended');
  return value;
}

suite('a control plane with controllers', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let kube: KubeObjects;

  before(async () => {
    plane = running.use(await startControlPlane({ controllerManager: true }));
    kube = running.use(new KubeObjects(plane.admin));
  });
  after(() => running.disposeAsync());

  test('holds what is applied, and tells those who watch', async () => {
    const [applied] = await kube.apply(service('watched'));
    assert.ok(applied !== undefined);
    assert.match((applied['spec'] as { clusterIP: string }).clusterIP, /^10\.96\./);
    const from = applied.metadata.resourceVersion;
    const events = kube.watch(
      `${slices('watched')}?resourceVersion=${from}&labelSelector=kubernetes.io/service-name=shop,!endpointslice.kubernetes.io/managed-by`,
    );
    await kube.apply(slice('watched', '10.1.2.3'));
    const added = await nextEvent(events);
    assert.deepEqual([added.type, endpointsOf(added.object)], ['ADDED', ['10.1.2.3:8080 true']]);
    await kube.apply(slice('watched', '10.1.2.4'));
    assert.deepEqual(endpointsOf((await nextEvent(events)).object), ['10.1.2.4:8080 true']);
    await kube.delete(slice('watched', ''));
    assert.equal((await nextEvent(events)).type, 'DELETED');
    await events.return();
  });

  test('takes what was read from a server, in a list or in YAML, as if it were new', async () => {
    const [first] = await kube.apply(service('copied'));
    assert.ok(first !== undefined);
    await kube.delete(first);
    assert.equal(await kube.get(first), undefined);
    await kube.delete(first);
    const list = { apiVersion: 'v1', kind: 'List', metadata: { name: '' }, items: [first] };
    const [second] = await kube.apply(list);
    assert.notEqual(second?.metadata.uid, first.metadata.uid);
    assert.deepEqual(second?.['spec'], first['spec']);
    const text = `{ apiVersion: v1, kind: Namespace, metadata: { name: one } }\n---\n---\n${JSON.stringify(service('two'))}`;
    assert.deepEqual(
      (await kube.applyYaml(text)).map(({ kind }) => kind),
      ['Namespace', 'Service'],
    );
    const unknown = { apiVersion: 'maesh.io/v1', kind: 'Unknown', metadata: { name: 'x' } };
    await assert.rejects(kube.apply(unknown), /knows no Unknown of maesh\.io\/v1/);
  });

  test('makes endpoint slices of a service and of pods whose status a test sets', async () => {
    // Pods of unknown nodes are none to the controller.
    await kube.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    await kube.apply(service('made'), pod('made', '10.1.2.5'));
    const path = `${slices('made')}?labelSelector=kubernetes.io/service-name=shop`;
    const ready = async (): Promise<true | undefined> => {
      const [made] = await kube.list(path);
      return (made !== undefined && endpointsOf(made)[0] === '10.1.2.5:8080 true') || undefined;
    };
    await until('the endpoint slice', ready);
    await kube.delete(pod('made', ''));
    await until('the endpoint to go', async () => (await ready()) === undefined || undefined);
  });

  test('lets a service account do what a role says, and nothing else', async () => {
    const metadata = { name: 'reader', namespace: 'guarded' };
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    await kube.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: [''], resources: ['services'], verbs: ['list'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata,
        roleRef: role,
        subjects: [{ kind: 'ServiceAccount', ...metadata }],
      },
    );
    const { url, ca } = plane.admin;
    using reader = new KubeObjects({ url, ca, token: await kube.token(metadata) });
    assert.deepEqual(await reader.list('/api/v1/namespaces/guarded/services'), []);
    await assert.rejects(
      reader.list('/api/v1/namespaces/default/services'),
      (error: KubeRefusal) =>
        error.status === 403 && /"system:serviceaccount:guarded:reader" cannot list/.test(error.message),
    );
  });

  test('takes its administrator by token and by the kubeconfig that it writes', async () => {
    const { url, ca } = plane.admin;
    const file = await plane.writeKubeconfig({ token: plane.adminToken });
    const config = JSON.parse(await readFile(file, 'utf8')) as {
      clusters: [{ cluster: { server: string } }];
      users: [{ user: { token: string } }];
    };
    using kubeByToken = new KubeObjects({ url, ca, token: config.users[0].user.token });
    assert.equal(config.clusters[0].cluster.server, url);
    assert.ok((await kubeByToken.list('/api/v1/namespaces')).length > 3);
    using nobody = new KubeObjects({ url, ca });
    await assert.rejects(nobody.list('/api/v1/namespaces'), /"system:anonymous" cannot list/);
  });

  test('keeps everything over a restart of its API server, whose end ends watches', async () => {
    await kube.apply(service('restarted'));
    const events = kube.watch('/api/v1/namespaces/restarted/services?resourceVersion=0');
    const { object } = await nextEvent(events);
    await plane.stopApiServer();
    assert.equal((await events.next()).done, true);
    await assert.rejects(kube.list('/api/v1/namespaces'), { code: 'ECONNREFUSED' });
    await plane.startApiServer();
    assert.deepEqual((await kube.get(service('restarted')))?.metadata, object.metadata);
  });
});

suite('a control plane of a test’s own', () => {
  test('forgets the past when told to, runs with flags of the test’s, and leaves nothing behind', async () => {
    const plane = await startControlPlane({
      watchCache: false,
      apiServerArgs: ['--event-ttl=3m'],
      featureGates: { WatchList: false },
      tokens: [{ token: 'secret', user: 'visitor', groups: ['visitors'] }],
    });
    const pids = programs.flatMap((name) => plane.pid(name) ?? []);
    const flags = await readFile(`/proc/${plane.pid('kube-apiserver')}/cmdline`, 'utf8');
    assert.match(flags, /--watch-cache=false\0.*--feature-gates=WatchList=false\0.*--event-ttl=3m\0/);
    using kube = new KubeObjects(plane.admin);
    const [first] = await kube.apply(service('past'));
    await kube.apply(service('past', 'books'));
    await plane.compact();
    const events = kube.watch(`/api/v1/services?resourceVersion=${first?.metadata.resourceVersion}`);
    const { type, object } = await nextEvent(events);
    assert.deepEqual([type, object['code'], object['reason']], ['ERROR', 410, 'Expired']);
    await events.return();
    using visitor = new KubeObjects({ url: plane.url, ca: plane.admin.ca, token: 'secret' });
    await assert.rejects(visitor.list('/api/v1/services'), /User "visitor" cannot list/);
    await plane.kill('kube-apiserver');
    await assert.rejects(plane.kill('kube-apiserver'), /kube-apiserver is not running/);
    await plane.stop();
    assert.equal(pids.length, 2);
    await Promise.all(pids.map((pid) => gone(pid, 0)));
    assert.equal(existsSync(plane.folder), false);
  });

  test('that cannot start says what its program said, and leaves nothing behind', async () => {
    await assert.rejects(startControlPlane({ apiServerArgs: ['--no-such-flag'] }), (error: Error) => {
      assert.match(
        error.message,
        /^kube-apiserver has ended\.\nThe end of .*\n[^]*unknown flag: --no-such-flag/,
      );
      assert.equal(existsSync(/The end of (\S*)\//.exec(error.message)?.[1] ?? '/'), false);
      return true;
    });
    assert.deepEqual(await descendants(process.pid), []);
  });

  test('ends when the process is killed that started it', async () => {
    const code = `
      import { startControlPlane } from ${JSON.stringify(import.meta.resolve('../kit/control-plane.ts'))};
      const plane = await startControlPlane();
      console.log(plane.pid('etcd'), plane.pid('kube-apiserver'));`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
    owner.kill('SIGKILL');
    await Promise.all(line.split(' ').map((pid) => gone(Number(pid), 5_000)));
  });
});
