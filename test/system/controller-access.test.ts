// Access control in a whole controller, against a real API server: TrafficTargets, the routes that they name and the pods
// that they are about come and go, and what is wrong with one is an Event on it until it is mended.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AccessJson, TopologyJson } from '../../src/serve/http/api-types.ts';
import { startControlPlane } from '../kit/control-plane.ts';
import { startController } from '../kit/controllers.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { installSmi } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

const withinMs = 40_000;
const at = { mesh: 'maesh', services: 'store' };

function metadata(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject['metadata'] {
  return { name, namespace: at.services, labels } as KubeObject['metadata'];
}

/** A pod of the service `shop`, with a service account of its own. */
function pod(name: string, account: string): readonly KubeObject[] {
  const containers = [{ name: 'shop', image: 'localhost/any' }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(account) },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadata(name, { app: 'shop' }),
      spec: { serviceAccountName: account, containers },
    },
  ];
}

const target: KubeObject = {
  apiVersion: 'access.smi-spec.io/v1alpha2',
  kind: 'TrafficTarget',
  metadata: metadata('api'),
  spec: {
    destination: { kind: 'ServiceAccount', name: 'shop' },
    sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'front' }],
    rules: [{ kind: 'HTTPRouteGroup', name: 'api' }],
  },
};

const routes: KubeObject = {
  apiVersion: 'specs.smi-spec.io/v1alpha3',
  kind: 'HTTPRouteGroup',
  metadata: metadata('api'),
  spec: { matches: [{ name: 'read', methods: ['GET'] }] },
};

test('TrafficTargets come, are reported, mended and go while a controller runs', async () => {
  await using plane = await startControlPlane();
  using objects = new KubeObjects(plane.admin);
  const mesh = new MeshInCluster(objects, at);
  await mesh.prepare();
  await installSmi(objects);
  const service = { apiVersion: 'v1', kind: 'Service', metadata: metadata('shop') };
  await objects.apply({ ...service, spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] } });
  await using controller = await startController({
    kubeConfig: plane.kubeconfig,
    namespace: at.mesh,
    watchNamespaces: [at.services],
    proxyAddress: '127.111.251.1',
    acl: true,
  });

  /** Waits until this is who may call `shop`. */
  async function allowed(...wanted: readonly AccessJson[]): Promise<void> {
    await until(
      `access to shop to be ${JSON.stringify(wanted)}`,
      async () => {
        const { services } = JSON.parse(await controller.get('/api/topology/current')) as TopologyJson;
        assert.deepEqual(services['shop@store']?.ports[0]?.access, wanted);
        return true;
      },
      withinMs,
    );
  }

  /** Waits until this is what the Events on TrafficTargets say. */
  async function reported(...wanted: readonly RegExp[]): Promise<void> {
    await until(
      `${wanted.length} Events on TrafficTargets`,
      async () => {
        const events = await objects.list(`/api/v1/namespaces/${at.services}/events`);
        const messages = events
          .filter(({ involvedObject }) => (involvedObject as KubeObject).kind === 'TrafficTarget')
          .map(({ message }) => String(message));
        const isSo = wanted.every((pattern, index) => pattern.test(messages[index] ?? ''));
        return messages.length === wanted.length && isSo ? true : undefined;
      },
      withinMs,
    );
  }

  const read: AccessJson = {
    sources: ['web@front'],
    matches: [{ methods: ['GET'], pathRegex: '', headers: [] }],
    destination: null,
  };
  await allowed();
  await objects.apply(...pod('shop-1', 'shop'), target);
  await reported(/no HTTPRouteGroup "api" in namespace store/u);
  await allowed();
  await objects.apply(routes);
  await allowed(read);
  await reported();
  await objects.delete(target);
  await allowed();
  assert.deepEqual(
    controller.log.lines.filter(({ level }) => level === 'error'),
    [],
  );
});
