// TrafficSplits in a whole controller, against a real API server: found when their definition comes, told of where one is
// wrong, and gone with the definition.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TopologyJson } from '../../src/serve/http/api-types.ts';
import { startControlPlane } from '../kit/control-plane.ts';
import { startController } from '../kit/controllers.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { installSmi, removeSmi, smiDefinitions } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

const withinMs = 40_000;
const at = { mesh: 'maesh', services: 'store' };
const split: KubeObject = {
  apiVersion: 'split.smi-spec.io/v1alpha2',
  kind: 'TrafficSplit',
  metadata: { name: 'canary', namespace: at.services },
  spec: {
    service: 'shop',
    backends: [
      { service: 'v1', weight: 90 },
      { service: 'v2', weight: 10 },
    ],
  },
};

test('TrafficSplits come, are reported, mended and go while a controller runs', async () => {
  await using plane = await startControlPlane();
  using objects = new KubeObjects(plane.admin);
  const mesh = new MeshInCluster(objects, at);
  await mesh.prepare();
  for (const name of ['shop', 'v1']) await mesh.put(name, [{ port: 80 }]);
  await using controller = await startController({
    kubeConfig: plane.kubeconfig,
    namespace: at.mesh,
    watchNamespaces: [at.services],
    proxyAddress: '127.110.251.1',
  });

  /** Waits until requests for `shop` are divided so. */
  async function divided(...wanted: readonly string[]): Promise<void> {
    await until(
      `shop to be divided between ${wanted.join(' and ')}`,
      async () => {
        const { services } = JSON.parse(await controller.get('/api/topology/current')) as TopologyJson;
        const [port] = services['shop@store']?.ports ?? [];
        const found = port?.splits.flatMap(({ backends }) =>
          backends.map(({ service, weight }) => `${service} ${weight}`),
        );
        return found?.join() === wanted.join() ? true : undefined;
      },
      withinMs,
    );
  }

  /** Waits until this is what the Events on TrafficSplits say. */
  async function reported(...wanted: readonly RegExp[]): Promise<void> {
    await until(
      `${wanted.length} Events on TrafficSplits`,
      async () => {
        const events = await objects.list(`/api/v1/namespaces/${at.services}/events`);
        const messages = events
          .filter(({ involvedObject }) => (involvedObject as KubeObject).kind === 'TrafficSplit')
          .map(({ message }) => String(message));
        const isSo = wanted.every((pattern, index) => pattern.test(messages[index] ?? ''));
        return messages.length === wanted.length && isSo ? true : undefined;
      },
      withinMs,
    );
  }

  await divided();
  const definitions = (await smiDefinitions()).filter(({ spec }) => spec.names.kind === 'TrafficSplit');
  await installSmi(objects, definitions);
  await objects.apply(split);
  await divided('v1@store 90');
  const { trafficSplits } = JSON.parse(await controller.get('/api/topology/current')) as TopologyJson;
  assert.match(trafficSplits['canary@store']?.errors.join() ?? '', /"v2" is no service of the mesh/u);
  await reported(/"v2" is no service of the mesh/u);
  await mesh.put('v2', [{ port: 80 }]);
  await divided('v1@store 90', 'v2@store 10');
  await reported();
  await removeSmi(objects, definitions);
  await divided();
  assert.deepEqual(
    controller.log.lines.filter(({ level }) => level === 'error'),
    [],
  );
});
