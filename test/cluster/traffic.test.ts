// A mesh as the chart installs it when nothing else is asked for: what can be called, from where, and what is left of it.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import { readyPods, testPods, type TestPod } from '../kit/pods/test-pod.ts';
import { runMaesh } from '../kit/run-maesh.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespace = 'store';
const nodes = ['node1', 'node2'];

suite('a mesh in a cluster', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let callers: ReadonlyMap<string, TestPod>;
  let release: MeshRelease;

  before(async () => {
    await objects.apply(
      ...testPods({ name: 'shop', namespace, serves: { http: 8080, grpc: 9090, tcp: 9000, udp: 9001 } }),
      ...testPods({ name: 'shop-v2', namespace, version: 'v2', serves: { http: 8080 } }),
      ...testPods({ name: 'caller', namespace: 'front' }),
      // The announcement's own example: a Service whose target port has a name.
      service('shop', { ports: [{ name: 'web', port: 80, targetPort: 'http' }] }),
      service('shop-v1', { selector: 'shop', ports: [{ port: 80, targetPort: 'http' }] }),
      service('shop-v2', { ports: [{ port: 80, targetPort: 'http' }] }),
      service('calls', { selector: 'shop', ports: [{ port: 9090, targetPort: 'grpc' }] }),
      service('lines', { selector: 'shop', traffic: 'tcp', ports: [{ port: 9000, targetPort: 'tcp' }] }),
      service('time', {
        selector: 'shop',
        traffic: 'udp',
        ports: [{ port: 123, targetPort: 'udp', protocol: 'UDP' }],
      }),
    );
    for (const name of ['shop', 'shop-v2']) await readyPods(objects, { namespace, label: `app=${name}` });
    callers = await readyPods(objects, { namespace: 'front', label: 'app=caller' });
    // It waits until DNS knows nothing of an earlier mesh, which would make this one look faster.
    release = await MeshRelease.begin({ cluster, objects });
  });
  after(async () => {
    for (const name of [namespace, 'front'])
      await objects.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    objects[Symbol.dispose]();
  });

  function caller(node: string): TestPod {
    return callers.get(node) ?? assert.fail(`no caller on ${node}`);
  }

  /** The version that answers, or the status of an answer that isn't an echo. */
  async function versionCalled(node: string, address: string): Promise<string> {
    const { echo, status } = await caller(node).call('http', { address, port: 80, timeoutMs: 1_000 });
    return echo?.version ?? String(status);
  }

  /** How many requests for shop a proxy has sent on. */
  async function sentOn({ address }: TestPod): Promise<number> {
    const filter = '^cluster\\.store/shop/80\\.upstream_rq_total$';
    const stats = await fetch(`http://${address}:9901/stats?filter=${filter}`);
    return Number(/: (\d+)/.exec(await stats.text())?.[1] ?? 0);
  }

  test('answers from both nodes after helm install', async (t) => {
    const started = performance.now();
    const since = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    await release.install();
    const untilAnswered = async (node: string): Promise<void> => {
      const isAnswered = async (): Promise<boolean> =>
        (await versionCalled(node, 'shop.store.maesh')) === 'v1';
      await until(`an answer of shop on ${node}`, async () => (await isAnswered()) || undefined, 150_000);
    };
    await Promise.any(nodes.map(untilAnswered));
    t.diagnostic(`helm install to the first meshed request: ${since()}`);
    await release.named('shop.store.maesh');
    await Promise.all(nodes.map(untilAnswered));
    t.diagnostic(`helm install until every DNS server has the names: ${since()}`);
  });

  test('is found to be well by maesh check', async () => {
    const flags = ['--kubeConfig', cluster.kubeconfig, '--wait', '60'];
    const { code, stdout, stderr } = await runMaesh(['check', ...flags]);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.match(stdout, /\n\d+ checks: all is well\n$/);
  });

  test('knows a service by both domains', async () => {
    for (const node of nodes)
      for (const domain of ['maesh', 'traefik.mesh'])
        assert.equal(await versionCalled(node, `shop.store.${domain}`), 'v1', `${domain} on ${node}`);
  });

  test('passes HTTP, WebSocket, gRPC, TCP and UDP from both nodes', async () => {
    for (const node of nodes) {
      const from = caller(node);
      const put = { method: 'PUT', path: '/a?b=c', body: 'd' };
      const http = await from.call('http', { address: 'shop.store.maesh', port: 80, ...put });
      assert.partialDeepStrictEqual(http.echo, {
        ...put,
        host: 'shop.store.maesh:80',
      });
      const socket = { address: 'shop.store.maesh', port: 80, messages: ['one', 'two'] };
      const replies = await from.call('webSocket', socket);
      assert.partialDeepStrictEqual(replies, [{ message: 'one' }, { message: 'two' }]);
      const chat = { call: 'chat', messages: [{ text: 'one' }, { text: 'two' }] } as const;
      const grpc = await from.call('grpc', { address: 'calls.store.maesh', port: 9090, ...chat });
      assert.partialDeepStrictEqual(grpc, { status: 0, replies: [{ text: 'one' }, { text: 'two' }] });
      const tcp = await from.call('tcp', { address: 'lines.store.maesh', port: 9000, send: 'hello' });
      assert.equal(tcp.received, 'hello\nread 5 bytes\n');
      const udp = await from.call('udp', { address: 'time.store.maesh', port: 123, send: 'hello' });
      assert.equal(udp.received, 'hello');
    }
  });

  test("takes the proxy of the caller's node, and another's while that is away", async () => {
    const callTimes = async (times: number): Promise<void> => {
      for (let each = 0; each < times; each++)
        assert.equal(await versionCalled('node1', 'shop.store.maesh'), 'v1');
    };
    /** Resolves, when calls from node1 go by a proxy, with how many it has sent on. */
    const untilCalledBy = async (proxy: TestPod): Promise<number> => {
      const sent = await sentOn(proxy);
      return until(`calls from node1 to go by the proxy of ${proxy.node}`, async () => {
        await callTimes(1);
        const now = await sentOn(proxy);
        return now > sent ? now : undefined;
      });
    };
    const proxies = await release.proxies();
    const [near, far] = nodes.map((node) => proxies.get(node) ?? assert.fail(`no proxy on ${node}`)) as [
      TestPod,
      TestPod,
    ];
    const [nearBefore, farBefore] = [await sentOn(near), await sentOn(far)];
    await callTimes(20);
    assert.deepEqual([await sentOn(near), await sentOn(far)], [nearBefore + 20, farBefore]);

    // No other comes in its place.
    await cluster.kubectl('taint', 'node', 'node1', 'away=yes:NoSchedule');
    try {
      await cluster.kubectl('delete', 'pod', '--namespace', mesh, near.name, '--grace-period=0', '--force');
      const farSent = await untilCalledBy(far);
      await callTimes(20);
      assert.equal(await sentOn(far), farSent + 20);
    } finally {
      await cluster.kubectl('taint', 'node', 'node1', 'away-');
    }
    const back = (await release.proxies()).get('node1') ?? assert.fail('no proxy on node1');
    await untilCalledBy(back);
    await callTimes(20);
  });

  test('splits traffic as a TrafficSplit says', async () => {
    const split = (v1: number, v2: number): KubeObject => ({
      apiVersion: 'split.smi-spec.io/v1alpha4',
      kind: 'TrafficSplit',
      metadata: { name: 'shop', namespace },
      spec: {
        service: 'shop',
        backends: [
          { service: 'shop-v1', weight: v1 },
          { service: 'shop-v2', weight: v2 },
        ],
      },
    });
    const versions = async (): Promise<string[]> => {
      const called = Array.from({ length: 60 }, (_, call) =>
        versionCalled(nodes[call % 2] ?? '', 'shop.store.maesh'),
      );
      return [...new Set(await Promise.all(called))].toSorted();
    };
    const becomes = async (expected: readonly string[]): Promise<void> => {
      await until(`versions ${expected.join(' and ')}`, async () => {
        assert.deepEqual(await versions(), expected);
        return true;
      });
    };
    await objects.apply(split(0, 1));
    await becomes(['v2']);
    await objects.apply(split(1, 1));
    await becomes(['v1', 'v2']);
    await objects.delete(split(1, 1));
    await becomes(['v1']);
  });

  test('has maesh calls say which services are called still', async () => {
    const over = new AbortController();
    const flags = ['--kubeConfig', cluster.kubeconfig, '--seconds', '2'];
    const said = runMaesh(['calls', ...flags]).finally(() => over.abort());
    while (!over.signal.aborted) await versionCalled('node2', 'shop.store.maesh');
    const { code, stdout, stderr } = await said;
    assert.deepEqual([code, stderr], [1, ''], stdout);
    assert.match(
      stdout,
      /^store\/shop:80: [1-9]\d* calls, \d under way\nIn all, .* came to 2 proxies within 2 seconds/,
    );
  });

  test('leaves nothing in the cluster when it is uninstalled', async () => {
    assert.deepEqual(await release.uninstall(), []);
  });

  interface ServiceShape {
    readonly ports: readonly object[];
    /** Label `app` of its pods; its own name by default. */
    readonly selector?: string;
    readonly traffic?: string;
  }

  function service(name: string, { ports, selector = name, traffic }: ServiceShape): KubeObject {
    const annotations = traffic === undefined ? {} : { 'mesh.traefik.io/traffic-type': traffic };
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, annotations },
      spec: { selector: { app: selector }, ports },
    } as KubeObject;
  }
});
