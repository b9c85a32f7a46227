// While callers on both nodes call a service by its mesh name, everything is done to the cluster that is done to clusters.
// No request fails.

import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import type { LoadFailure, LoadTarget } from '../kit/pods/load.ts';
import { PodsLoad } from '../kit/pods/pods-load.ts';
import { readyPods, testPods, type TestPod } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespace = 'busy';

/** The same pods by names of the mesh, and by the cluster's own. */
function targetsIn(domain: string): readonly LoadTarget[] {
  const shop = { address: `shop.${namespace}.${domain}`, port: 80 };
  return [
    { kind: 'kept', ...shop },
    { kind: 'new', ...shop },
    { kind: 'tcp', address: `feed.${namespace}.${domain}`, port: 9000 },
    { kind: 'lookup', ...shop },
  ];
}

suite('under load from both nodes, no request fails', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let callers: ReadonlyMap<string, TestPod>;
  let release: MeshRelease;

  before(async () => {
    await objects.apply(...backends(), ...testPods({ name: 'caller', namespace }));
    callers = await readyPods(objects, { namespace, label: 'app=caller' });
    await readyPods(objects, { namespace, label: 'app=backend' });
    await untilAnswered('svc.cluster.local');
  });
  after(async () => {
    await cluster.kubectl('delete', 'namespace', namespace);
    objects[Symbol.dispose]();
  });

  /** Waits until every caller gets answers. */
  async function untilAnswered(domain: string): Promise<void> {
    for (const { kind, address, port } of targetsIn(domain)) {
      const call = async (pod: TestPod): Promise<object> =>
        kind === 'tcp' ? pod.call('tcp', { address, port, send: 'x' }) : pod.call('http', { address, port });
      for (const pod of callers.values())
        await until(`${kind} ${address} from ${pod.node}`, () => call(pod), 60_000);
    }
  }

  /** Makes a load while something is done, and for a while after it. */
  async function underLoad(t: TestContext, domain: string, work: () => Promise<unknown>): Promise<void> {
    const targets = targetsIn(domain);
    await using load = await PodsLoad.start(callers.values(), { targets, pauseMs: 20 });
    await work();
    await load.more(500);
    const { count, failures, slowMs } = await load.stop();
    t.diagnostic(`${count} calls, ${failures.length} failed; one in a thousand took ${slowMs.toFixed(0)} ms`);
    assert.deepEqual(summary(failures), {});
  }

  /** Has all pods of something replaced, and waits for the end of it. */
  async function roll(where: string, what: string): Promise<void> {
    await cluster.kubectl('--namespace', where, 'rollout', 'restart', what);
    await rolled(where, what);
  }

  /** Waits until new pods have taken the place of all old ones, which are gone. */
  async function rolled(where: string, what: string): Promise<void> {
    await cluster.kubectl('--namespace', where, 'rollout', 'status', what, '--timeout=240s');
    const isGoing = ({ metadata }: KubeObject): boolean => 'deletionTimestamp' in metadata;
    const areGone = async (): Promise<true | undefined> => {
      const pods = await objects.list(`/api/v1/namespaces/${where}/pods`);
      return !pods.some(isGoing) || undefined;
    };
    await until(`the end of old pods of ${what}`, areGone, 120_000);
  }

  test('of the cluster while the mesh comes, and its names into DNS', (t) =>
    underLoad(t, 'svc.cluster.local', async () => {
      release = await MeshRelease.install({ cluster, objects });
      await release.named(`shop.${namespace}.maesh`);
      await untilAnswered('maesh');
    }));

  test('while the backends are replaced', (t) =>
    underLoad(t, 'maesh', () => roll(namespace, 'deployment/backend')));

  test("while the controller's pods are deleted", (t) =>
    underLoad(t, 'maesh', async () => {
      await cluster.kubectl('--namespace', mesh, 'delete', 'pods', '--selector=component=controller');
      await cluster.kubectl('--namespace', mesh, 'rollout', 'status', 'deployment/maesh-controller');
    }));

  test('while the API server is away for a minute', (t) =>
    underLoad(t, 'maesh', async () => {
      await cluster.stopApiServer();
      await delay(60_000);
      await cluster.startApiServer();
      // What Kubernetes makes of a gap, it does within the nodes' grace.
      await delay(20_000);
    }));

  test('while the proxies are replaced', (t) =>
    underLoad(t, 'maesh', () => roll(mesh, 'daemonset/maesh-mesh')));

  test('while the release is upgraded', (t) =>
    underLoad(t, 'maesh', async () => {
      await release.upgrade({ logLevel: 'info' });
      for (const what of ['deployment/maesh-controller', 'daemonset/maesh-mesh']) await rolled(mesh, what);
    }));

  test('of the cluster while the mesh goes, and its names out of DNS', (t) =>
    underLoad(t, 'svc.cluster.local', async () => {
      await release.uninstall();
      await release.forgotten(`shop.${namespace}.maesh`);
    }));
});

/** Failures by what they were, each with how many there were and when. */
function summary(failures: readonly LoadFailure[]): Readonly<Record<string, string>> {
  const groups = Object.groupBy(failures, ({ target, message }) => `${target}: ${message}`);
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
  return Object.fromEntries(
    Object.entries(groups).map(([what, group = []]) => {
      const from = Math.min(...group.map((each) => each.from));
      const last = Math.max(...group.map((each) => each.until));
      return [what, `${group.length}, from ${time(from)} to ${time(last)}`];
    }),
  );
}

/** The services, and their pods. */
function backends(): readonly KubeObject[] {
  const serves = { http: 8080, tcp: 9000 };
  const service = (name: string, port: number, more: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...more },
    spec: { selector: { app: 'backend' }, ports: [{ port, targetPort: port === 80 ? 'http' : 'tcp' }] },
  });
  return [
    ...testPods({ name: 'backend', namespace, serves, replicas: 3, drainSeconds: 5 }),
    service('shop', 80, {}),
    service('feed', 9000, { annotations: { 'mesh.traefik.io/traffic-type': 'tcp' } }),
  ];
}
