// The source of a cluster against what every source must do, with a real API server: all namespaces at once, and one.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { KubernetesWorld } from '../kit/kubernetes-world.ts';
import { kubeEndpoint, kubeSlice, kubeService, unreadableService } from '../kit/objects.ts';
import { OfferRecorder } from '../kit/offer-recorder.ts';
import { RecordLog } from '../kit/record-log.ts';
import { installSmi } from '../kit/smi-definitions.ts';
import { describeSource } from '../kit/source-conformance.ts';
import { until } from '../kit/until.ts';

/** Where nothing is but what tests put there. (In `default` there is the API server's own Service.) */
const allOthers = { watch: [], ignore: ['default'] };
const onlyStore = { watch: ['store'], ignore: [] };

describe('in a cluster,', () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane({ tokens: [{ token: 'reader', user: 'reader' }] });
    using server = new KubeObjects(plane.admin);
    await installSmi(server);
  });
  after(() => plane.stop());

  describeSource('all of an API server but a namespace', () =>
    KubernetesWorld.create({ plane, namespaces: allOthers }),
  );
  describeSource('a namespace of an API server', () =>
    KubernetesWorld.create({ plane, namespaces: onlyStore }),
  );

  it('the API server itself refuses what a file may hold, so that a Service with too many ports is what is left to read around', async () => {
    await using world = await KubernetesWorld.create({ plane, namespaces: onlyStore });
    await using recorder = await OfferRecorder.start(world.makeSource());
    const endpoints = [kubeEndpoint({ addresses: ['127.0.0.1'] })];
    const refused = [
      kubeService({ ports: [{ port: 70_000 }] }),
      kubeService({ ports: [] }),
      kubeService({ ports: [{ port: 80 }, { port: 81 }] }),
      kubeSlice({ endpoints }),
      kubeSlice({ addressType: 'IPv6' }),
    ];
    for (const object of refused) await assert.rejects(world.put(object), { status: 422 });
    await world.put(unreadableService({ name: 'last' }));
    await recorder.when('the problem', () => recorder.problems.length > 0);
    assert.deepEqual(recorder.codes, ['MAESH_OBJECT_INVALID']);
    assert.deepEqual(recorder.names, []);
  });

  it("the mesh's own Services and their slices are left out, those of others are not", async () => {
    await using world = await KubernetesWorld.create({ plane, namespaces: onlyStore });
    const ours = { app: 'maesh', type: 'shadow' };
    const bound = (name: string): object => ({ 'kubernetes.io/service-name': name });
    await world.put(kubeService({ name: 'shadow', labels: ours }));
    await world.put(
      kubeSlice({ name: 'shadow-a', service: 'shadow', labels: { ...ours, ...bound('shadow') } }),
    );
    await world.put(kubeService());
    await world.put(kubeSlice({ labels: { team: 'shop', ...bound('shop') } }));
    await using recorder = await OfferRecorder.start(world.makeSource());
    assert.deepEqual(recorder.names, ['EndpointSlice store/shop-a', 'Service store/shop']);
  });

  it('one namespace needs permission for that one alone, and all need it for all', async () => {
    await using objects = await KubernetesWorld.create({ plane });
    await objects.put(kubeService());
    await allowReader();
    const kubeconfig = await plane.writeKubeconfig({ token: 'reader' });
    await using one = await KubernetesWorld.create({ plane, kubeconfig, namespaces: onlyStore });
    await using recorder = await OfferRecorder.start(one.makeSource());
    assert.deepEqual(recorder.names, ['Service store/shop']);

    const log = new RecordLog();
    await using all = await KubernetesWorld.create({ plane, kubeconfig, namespaces: allOthers, log });
    await using waiting = new OfferRecorder(all.makeSource());
    const lacking = await until('each resource to be forbidden', () => {
      const errors = log.lines.filter(({ level }) => level === 'error');
      return errors.length === 8 ? errors.map(({ fields }) => String(fields['error'])) : undefined;
    });
    assert.equal(waiting.offers.length, 0);
    for (const [resource, group] of [
      ['services', ''],
      ['pods', ''],
      ['endpointslices', 'discovery.k8s.io'],
      ['trafficsplits', 'split.smi-spec.io'],
      ['traffictargets', 'access.smi-spec.io'],
      ['httproutegroups', 'specs.smi-spec.io'],
    ]) {
      const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["list", "watch"]} in a ClusterRole`;
      assert.ok(
        lacking.some((error) => error.includes(rule)),
        lacking.join('\n'),
      );
    }
  });

  /** Lets the reader follow the namespace `store`. */
  async function allowReader(): Promise<void> {
    using server = new KubeObjects(plane.admin);
    const metadata = { name: 'reader', namespace: 'store' };
    const api = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
    const group = 'rbac.authorization.k8s.io';
    await server.apply(
      {
        ...api,
        kind: 'Role',
        rules: [
          { apiGroups: [''], resources: ['services', 'pods'], verbs: ['list', 'watch'] },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
          {
            apiGroups: ['split.smi-spec.io', 'access.smi-spec.io', 'specs.smi-spec.io'],
            resources: ['*'],
            verbs: ['list', 'watch'],
          },
        ],
      },
      {
        ...api,
        kind: 'RoleBinding',
        subjects: [{ apiGroup: group, kind: 'User', name: 'reader' }],
        roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
      },
    );
  }
});
