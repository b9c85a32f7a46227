// The pods of proxies as the controller's API shows them, with a real API server, a real Envoy and two replicas.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { NodeJson } from '../../src/serve/http/api-types.ts';
import { startController, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { ExternalEnvoy } from '../kit/external-envoy.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { until } from '../kit/until.ts';

const proxyAddress = '127.104.0.1';
/** What Envoy's bootstrap says that it is, as the name of its pod. */
const podName = 'external';

function proxyPod(given: {
  readonly name?: string;
  readonly namespace?: string;
  readonly component?: string;
  readonly adminPort: number;
  readonly status?: object;
}): KubeObject {
  const { name = podName, namespace = 'maesh', component = 'maesh-mesh', adminPort, status } = given;
  const ports = [{ name: 'admin', containerPort: adminPort }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { component } } as KubeObject['metadata'],
    spec: { containers: [{ name: 'envoy', image: 'localhost/envoy', ports }] },
    ...(status !== undefined && { status }),
  };
}

describe("the controller's API, of nodes", () => {
  let plane: ControlPlane;
  let objects: KubeObjects;
  let envoy: ExternalEnvoy;
  /** The proxy is connected to the first. */
  let first: RunningController;
  let second: RunningController;
  let adminPort: number;

  const nodesOf = async (replica: RunningController): Promise<readonly NodeJson[]> =>
    JSON.parse(await replica.get('/api/status/nodes')) as readonly NodeJson[];
  const untilListed = async (replica: RunningController, nodes: readonly NodeJson[]): Promise<void> => {
    await until('these nodes to be listed', async () => {
      assert.deepEqual(await nodesOf(replica), nodes);
      return true;
    });
  };
  const configuration = async (replica: RunningController, node = podName): Promise<string> =>
    await replica.get(`/api/status/node/${node}/configuration`);

  before(async () => {
    plane = await startControlPlane();
    objects = new KubeObjects(plane.admin);
    await new MeshInCluster(objects, { mesh: 'maesh', services: 'store' }).prepare();
    const given = {
      kubeConfig: plane.kubeconfig,
      namespace: 'maesh',
      watchNamespaces: ['store'],
      proxyAddress,
    };
    [first, second] = await Promise.all([
      startController({ ...given, name: 'first' }),
      startController({ ...given, name: 'second' }),
    ]);
    await until('both to be ready', () => (first.isReady() && second.isReady()) || undefined);
    envoy = await ExternalEnvoy.start(first.xdsPort);
    adminPort = envoy.admin.port;
  });

  after(async () => {
    await envoy[Symbol.asyncDispose]();
    await Promise.all([first.stop(), second.stop()]);
    objects[Symbol.dispose]();
    await plane.stop();
  });

  it('lists a proxy that runs in no pod where it is connected, and nowhere else', async () => {
    await untilListed(first, [{ Name: podName, IP: '127.0.0.1', Ready: true }]);
    assert.deepEqual(await nodesOf(second), []);
    assert.match(await configuration(first), /"configs"/);
    assert.match(await configuration(second), /There is no node external/);
  });

  it('lists the pods of proxies on every replica, and no others', async () => {
    await objects.apply(
      proxyPod({ adminPort }),
      proxyPod({ name: 'controller', component: 'controller', adminPort }),
      proxyPod({ name: 'other', namespace: 'store', adminPort }),
    );
    for (const replica of [first, second])
      await untilListed(replica, [{ Name: podName, IP: '', Ready: false }]);
    assert.match(await configuration(second), /its pod has no address yet/);
  });

  it('follows what becomes of them', async () => {
    const status = {
      phase: 'Running',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    };
    await objects.apply(proxyPod({ adminPort, status }));
    for (const replica of [first, second]) {
      await untilListed(replica, [{ Name: podName, IP: '127.0.0.1', Ready: true }]);
    }
    const conditions = [{ type: 'Ready', status: 'False' }];
    await objects.apply(proxyPod({ adminPort, status: { ...status, conditions } }));
    await untilListed(second, [{ Name: podName, IP: '127.0.0.1', Ready: false }]);
  });

  it('gives the configuration of a proxy that is connected to another replica', async () => {
    for (const replica of [first, second]) {
      const dump = await configuration(replica);
      assert.match(dump, /"dynamic_listeners"/);
      assert.match(dump, new RegExp(`"id": "${podName}"`));
    }
  });

  it('says so where a pod does not answer', async () => {
    const status = { podIP: '127.104.0.2', podIPs: [{ ip: '127.104.0.2' }] };
    await objects.apply(proxyPod({ name: 'silent', adminPort, status }));
    // Its address comes by a second write.
    await until('the pod to be listed with its address', async () =>
      (await nodesOf(second)).some(({ IP }) => IP === status.podIP) ? true : undefined,
    );
    assert.match(
      await configuration(second, 'silent'),
      /"error":"Cannot read .* of node silent: ECONNREFUSED"/,
    );
  });

  it('forgets pods that have ended or are gone', async () => {
    await objects.apply(proxyPod({ adminPort, status: { phase: 'Failed' } }));
    await until('it to be forgotten', async () => ((await nodesOf(second)).length === 1 ? true : undefined));
    await objects.delete(proxyPod({ name: 'silent', adminPort }));
    await untilListed(second, []);
  });
});
