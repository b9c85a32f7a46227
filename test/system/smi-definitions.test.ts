// The kinds of the Service Mesh Interface in a real API server: what the chart's definitions let in, and a source that
// follows them while they come, change their versions and go.

import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';

import { kindParsers } from '../../src/source/parse/kinds.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects, KubeRefusal, type KubeObject } from '../kit/kube-objects.ts';
import { KubernetesWorld } from '../kit/kubernetes-world.ts';
import { content, OfferRecorder } from '../kit/offer-recorder.ts';
import { RecordLog } from '../kit/record-log.ts';
import { installSmi, removeSmi, smiDefinitions, type Definition } from '../kit/smi-definitions.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget, smiSpec } from '../kit/smi-objects.ts';
import { until } from '../kit/until.ts';

const namespaces = { watch: ['store'], ignore: [] };
const timing = { retryMs: 10, maxRetryMs: 50, watchMs: 500 };
const metadata = { name: 'canary', namespace: 'store' };
const split = kubeSplit();

function splitIn(version: string): KubeObject {
  return { apiVersion: `split.smi-spec.io/${version}`, kind: 'TrafficSplit', metadata, spec: smiSpec(split) };
}

suite('the kinds of the Service Mesh Interface', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let kube: KubeObjects;
  before(async () => {
    plane = running.use(await startControlPlane());
    kube = running.use(new KubeObjects(plane.admin));
  });
  after(() => running.disposeAsync());
  afterEach(() => removeSmi(kube));

  async function follow(log?: RecordLog): Promise<OfferRecorder> {
    const world = running.use(
      await KubernetesWorld.create({ plane, namespaces, timing, ...(log && { log }) }),
    );
    return await OfferRecorder.start(world.makeSource());
  }

  test('are served in every version that the mesh reads', async () => {
    for (const { spec } of await installSmi(kube)) {
      const { group, versions, plural } = Object.values(kindParsers).find(
        ({ kind }) => kind === spec.names.kind,
      ) as (typeof kindParsers)['TrafficSplit'];
      assert.deepEqual([spec.group, spec.names.plural], [group, plural]);
      assert.deepEqual(
        spec.versions.map(({ name }) => name),
        versions,
      );
    }
  });

  test('are read the same in whichever version they were written', async () => {
    await installSmi(kube);
    await using recorder = await follow();
    const target = kubeTarget({ port: 80 });
    const { destination, sources, rules } = smiSpec(target) as Readonly<Record<string, object>>;
    const group = kubeRouteGroup({ matches: [{ name: 'a', headers: [{ name: 'cookie', regex: 'b' }] }] });
    const written = [
      ...['v1alpha2', 'v1alpha3', 'v1alpha4'].map((version) => ({ read: split, as: splitIn(version) })),
      {
        read: target,
        as: {
          apiVersion: 'access.smi-spec.io/v1alpha1',
          destination: { ...destination, port: '80' },
          sources,
          specs: rules,
        },
      },
      ...['v1alpha2', 'v1alpha3'].map((version) => ({
        read: target,
        as: { apiVersion: `access.smi-spec.io/${version}`, spec: smiSpec(target) },
      })),
      ...['v1alpha1', 'v1alpha2'].map((version) => ({
        read: group,
        as: { apiVersion: `specs.smi-spec.io/${version}`, ...smiSpec(group) },
      })),
      ...['v1alpha3', 'v1alpha4'].map((version) => ({
        read: group,
        as: { apiVersion: `specs.smi-spec.io/${version}`, spec: smiSpec(group) },
      })),
      {
        read: { kind: 'TCPRoute' as const, namespace: 'store', name: 'db', labels: {}, ports: [] },
        as: { apiVersion: 'specs.smi-spec.io/v1alpha1' },
      },
      ...(['TCPRoute', 'UDPRoute'] as const).map((kind) => ({
        read: { kind, namespace: 'store', name: 'db', labels: {}, ports: [53] },
        as: { apiVersion: 'specs.smi-spec.io/v1alpha4', spec: { matches: { ports: [53] } } },
      })),
    ];
    for (const { read, as } of written) {
      const { kind, namespace, name } = read;
      const object: KubeObject = { kind, metadata: { name, namespace }, ...as };
      const [applied] = await kube.apply(object);
      const found = (): unknown => recorder.object(kind, `${namespace}/${name}`);
      await recorder.when(`${kind} of ${as.apiVersion}`, () => found() !== undefined);
      assert.deepEqual(content(recorder.object(kind, `${namespace}/${name}`)), {
        ...read,
        uid: applied?.metadata.uid,
        generation: 1,
      });
      await kube.delete(object);
      await recorder.when(`no ${kind}`, () => found() === undefined);
    }
    assert.deepEqual(recorder.problems, []);
  });

  test('are refused by the server where their fields are of other types', async () => {
    await installSmi(kube);
    const bad = (apiVersion: string, kind: string, fields: object): KubeObject => ({
      apiVersion,
      kind,
      metadata,
      ...fields,
    });
    for (const object of [
      bad('split.smi-spec.io/v1alpha2', 'TrafficSplit', { spec: { service: 'shop' } }),
      bad('split.smi-spec.io/v1alpha4', 'TrafficSplit', {
        spec: { service: 'shop', backends: [{ service: 'a', weight: '500m' }] },
      }),
      bad('access.smi-spec.io/v1alpha3', 'TrafficTarget', {}),
      bad('access.smi-spec.io/v1alpha2', 'TrafficTarget', {
        spec: { destination: { name: 'a' }, rules: [{ kind: 'GRPCRoute', name: 'b' }] },
      }),
      bad('specs.smi-spec.io/v1alpha1', 'HTTPRouteGroup', {}),
      bad('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', { spec: { matches: [{ methods: 'GET' }] } }),
      bad('specs.smi-spec.io/v1alpha4', 'UDPRoute', { spec: { matches: { ports: [0] } } }),
    ]) {
      await assert.rejects(
        kube.apply(object),
        // Server-side apply itself takes what is of another type for a failure of its own.
        (error) => error instanceof KubeRefusal && [422, 500].includes(error.status),
        JSON.stringify(object),
      );
    }
  });

  test('are found when their definitions come, in other versions, and after they have gone', async () => {
    const definition = (await smiDefinitions()).find(({ spec }) => spec.names.kind === 'TrafficSplit');
    assert.ok(definition);
    const log = new RecordLog();
    await using recorder = await follow(log);
    assert.deepEqual(recorder.offers, [{ changes: [], problems: [] }]);

    await installSmi(kube, [serving(definition, ['v1alpha2'])]);
    await kube.apply(splitIn('v1alpha2'));
    await recorder.when('the split', () => recorder.objects.size === 1);
    const offers = recorder.offers.length;

    await installSmi(kube, [serving(definition, ['v1alpha3', 'v1alpha2'])]);
    await logged(log, 'v1alpha3');
    await installSmi(kube, [serving(definition, ['v1alpha4'])]);
    await logged(log, 'v1alpha4');
    await kube.apply({ ...splitIn('v1alpha4'), metadata: { ...metadata, name: 'other' } });
    await recorder.when('another split', () => recorder.objects.size === 2);
    assert.equal(recorder.offers.length, offers + 1, 'the first was offered once');

    await removeSmi(kube, [definition]);
    await recorder.when('no split', () => recorder.objects.size === 0);
    await installSmi(kube, [definition]);
    await kube.apply(splitIn('v1alpha3'));
    await recorder.when('the split again', () => recorder.objects.size === 1);
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });
});

/** The definition with no other versions served than these. */
function serving(definition: Definition, served: readonly string[]): Definition {
  const versions = definition.spec.versions.map((version) => ({
    ...version,
    served: served.includes(version.name),
  }));
  return { ...definition, spec: { ...definition.spec, versions } };
}

async function logged(log: RecordLog, version: string): Promise<void> {
  await until(`${version} to be followed`, () => {
    return log.lines.some(({ fields }) => fields['version'] === version) || undefined;
  });
}
