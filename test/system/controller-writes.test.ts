// A storm of 10,000 updates of 100 services: in the end the mesh is what it says, and the API server was written to only
// where the ports of a service had changed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { topologyPieces } from '../../src/serve/http/topology-json.ts';
import { clusterFromScratch } from '../kit/cluster-from-scratch.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { startController } from '../kit/controllers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { Random } from '../kit/mutations/random.ts';
import { steadyLease } from '../kit/steady-lease.ts';
import { until } from '../kit/until.ts';

const updates = 10_000;
const writers = 8;
const names: readonly string[] = Array.from({ length: 100 }, (_, index) => `shop-${index}`);
const namespaces = { mesh: 'mesh', services: 'store' };
const proxyAddress = '127.107.2.1';
/** So many of the updates give a service a further port. */
const growths = 50;
/** Names of the further ports of a service. */
const moreNames: readonly string[] = Array.from({ length: 20 }, (_, index) => `more-${index}`);

describe('a controller in a storm of updates', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let objects: KubeObjects;
  let mesh: MeshInCluster;
  let proxy: FaultProxy;

  before(async () => {
    plane = running.use(await startControlPlane());
    objects = running.use(new KubeObjects(plane.admin));
    mesh = new MeshInCluster(objects, namespaces);
    await mesh.prepare();
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
  });
  after(() => running.disposeAsync());

  /** What was written through the proxy since so many requests, but for Leases: the last part of each path. */
  function written(since: number): readonly string[] {
    const writes = proxy.requests.slice(since).filter(({ method }) => method !== 'GET');
    return writes
      .filter(({ path }) => !path.includes('/leases'))
      .map(({ path }) => path.split('/').at(-1) ?? '');
  }

  it('writes a shadow Service once for each change of ports at most, and for nothing else', async (context) => {
    for (const name of names) {
      await mesh.put(name, [{ name: 'http', port: 80 }]);
      // Endpoints for every port that may come, since one without is a problem, of which Events are written.
      const ports = ['http', ...moreNames].map((port) => ({ name: port, port: 8080 }));
      await mesh.putSlice(name, { address: '192.0.2.1', ports });
    }
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    const given = { kubeConfig, namespace: namespaces.mesh, watchNamespaces: [namespaces.services] };
    await using controller = await startController({ ...given, proxyAddress, leaseTiming: steadyLease });
    await onRecord(names.length);
    assert.deepEqual(written(0).toSorted(), names.map(shadowOf).toSorted());

    const before = proxy.requests.length;
    const startedAt = performance.now();
    const grown = await storm();
    await onRecord(names.length + growths);
    await synced(controller.get);
    context.diagnostic(
      `${written(before).length} writes; ${updates} updates in ${Math.round(performance.now() - startedAt)} ms`,
    );
    const counts = Map.groupBy(written(before), (name) => name);
    for (const [shadow, writes] of counts) {
      const most = grown.get(shadow) ?? 0;
      assert.ok(writes.length <= most, `${shadow} was written ${writes.length} times for ${most} changes`);
    }
    assert.deepEqual([...counts.keys()].toSorted(), [...grown.keys()].toSorted());
  });

  /** Makes all updates, several at a time; resolves with how often each shadow Service has to follow. */
  async function storm(): Promise<ReadonlyMap<string, number>> {
    const random = new Random(1);
    const portsOf = new Map(names.map((name) => [name, 1]));
    let made = 0;
    const work = async (): Promise<void> => {
      while (made < updates) {
        const number = made++;
        const name = random.pick(names);
        if (number % (updates / growths) !== 0) await updateElsewhere(name, { number, random });
        else {
          const count = portsOf.get(name) ?? 0;
          portsOf.set(name, count + 1);
          // Ports are merged by their number: it stands beside those that are there.
          await patch('services', name, {
            spec: { ports: [{ name: moreNames[count - 1], port: 80 + count }] },
          });
        }
      }
    };
    await Promise.all(Array.from({ length: writers }, work));
    const grown = [...portsOf].filter(([, count]) => count > 1);
    return new Map(grown.map(([name, count]) => [shadowOf(name), count - 1]));
  }

  /** Changes something of a service that its shadow Service has nothing to do with. */
  async function updateElsewhere(
    name: string,
    { number, random }: { readonly number: number; readonly random: Random },
  ): Promise<void> {
    const text = String(number);
    const changes: readonly (() => Promise<unknown>)[] = [
      () => patch('services', name, { metadata: { labels: { version: text } } }),
      () => patch('services', name, { metadata: { annotations: { 'example.com/note': text } } }),
      () =>
        patch('services', name, { metadata: { annotations: { 'mesh.traefik.io/retry-attempts': text } } }),
      () => patch('services', name, { spec: { selector: { version: text } } }),
      () =>
        patch('services', name, { spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 1 + number }] } }),
      () =>
        patch('endpointslices', `${name}-a`, {
          endpoints: [{ addresses: [`192.0.2.${1 + (number % 250)}`] }],
        }),
    ];
    await random.pick(changes)();
  }

  async function patch(resource: 'services' | 'endpointslices', name: string, body: object): Promise<void> {
    const api = resource === 'services' ? '/api/v1' : '/apis/discovery.k8s.io/v1';
    const path = `${api}/namespaces/${namespaces.services}/${resource}/${name}`;
    const contentType = 'application/strategic-merge-patch+json';
    await objects.send({ method: 'PATCH', path, body, contentType });
  }

  async function onRecord(count: number): Promise<void> {
    await until(
      `${count} mesh ports`,
      async () => (await mesh.meshPorts()).size === count || undefined,
      60_000,
    );
  }

  /** Waits until the controller says of every service what its objects say. */
  async function synced(get: (path: string) => Promise<string>): Promise<void> {
    const { topology } = await clusterFromScratch(mesh, { plane, proxyAddress });
    assert.equal(topology.services.size, names.length);
    const text = [...topologyPieces(topology)].join('');
    await until('the controller to have every update', async () => {
      assert.deepEqual(JSON.parse(await get('/api/topology/current')), JSON.parse(text));
      return true;
    });
  }
});

function shadowOf(name: string): string {
  return `${namespaces.mesh}-${name}-6d61657368-${namespaces.services}`;
}
