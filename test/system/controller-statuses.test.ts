// What is wrong with objects of the Service Mesh Interface, in their status in a real API server: for as long as it lasts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { byText } from '../../src/model/key.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { StatusForm } from '../../src/apply/status-form.ts';
import { statusKey } from '../../src/apply/status.ts';
import { startController, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { installSmi, smiDefinitions } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

const apiVersion = 'split.smi-spec.io/v1alpha4';
const proxyAddress = '127.114.0.1';

let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  plane = await startControlPlane();
  objects = new KubeObjects(plane.admin);
  await installSmi(objects);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
});

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** A mesh of its own with a service `shop`, whose TrafficSplits a test has wrong or right. */
class MeshWithSplits {
  readonly #mesh: MeshInCluster;

  private constructor(name: string) {
    this.#mesh = new MeshInCluster(objects, { mesh: `mesh-${name}`, services: `store-${name}` });
  }

  static async prepare(name: string): Promise<MeshWithSplits> {
    const mesh = new MeshWithSplits(name);
    await mesh.#mesh.prepare();
    for (const service of ['shop', 'shop-v1', 'shop-v2']) await mesh.#mesh.put(service, [{ port: 80 }]);
    return mesh;
  }

  /** Has a controller put the ports of the services on record, so that the next one has nothing to write or to read back. */
  async record(): Promise<void> {
    const controller = await this.start();
    await until('the ports', async () => (await this.#mesh.meshPorts()).size === 3 || undefined);
    await controller.stop();
  }

  async start(): Promise<RunningController> {
    const { mesh, services } = this.#mesh.namespaces;
    const given = { namespace: mesh, watchNamespaces: [services], proxyAddress };
    return await startController({ kubeConfig: plane.kubeconfig, ...given });
  }

  reference(name: string): KubeObject {
    return {
      apiVersion,
      kind: 'TrafficSplit',
      metadata: { name, namespace: this.#mesh.namespaces.services },
    };
  }

  /** Makes or changes a TrafficSplit between these backends; resolves with what the server has then. */
  async put(name: string, ...backends: readonly string[]): Promise<KubeObject> {
    const spec = { service: 'shop', backends: backends.map((service) => ({ service, weight: 1 })) };
    const [applied] = await objects.apply({ ...this.reference(name), spec });
    assert.ok(applied);
    return applied;
  }

  /** Resolves with the conditions of a TrafficSplit when they are so. */
  async conditions(
    name: string,
    are: (conditions: readonly Condition[]) => boolean,
  ): Promise<readonly Condition[]> {
    return await until(
      `the conditions of ${name}`,
      async () => {
        const { status } = ((await objects.get(this.reference(name))) ?? {}) as {
          readonly status?: { readonly conditions?: readonly Condition[] };
        };
        const conditions = status?.conditions ?? [];
        return are(conditions) ? conditions : undefined;
      },
      30_000,
    );
  }
}

const isOne = ({ length }: readonly Condition[]): boolean => length === 1;
const isEmpty = ({ length }: readonly Condition[]): boolean => length === 0;

/** What the log says of statuses, and of work that failed. */
function said({ log }: RunningController): readonly string[] {
  return log.lines.map(({ message }) => message).filter((message) => /status|^Processing/.test(message));
}

describe('statuses of TrafficSplits', () => {
  it('say what is wrong, of which generation, and nothing any more when it is mended', async () => {
    const mesh = await MeshWithSplits.prepare('one');
    await using controller = await mesh.start();
    await mesh.put('canary', 'shop-v1', 'nobody');
    const [first] = await mesh.conditions('canary', isOne);
    assert.equal(first?.type, 'Accepted');
    assert.equal(first.status, 'False');
    assert.equal(first.reason, 'SplitBackend');
    assert.match(first.message, /nobody/);
    assert.equal(first.observedGeneration, 1);
    assert.ok(Math.abs(Date.now() - Date.parse(first.lastTransitionTime)) < 60_000);
    await mesh.put('canary', 'shop-v1', 'no-one');
    const [second] = await mesh.conditions('canary', ([found]) => found?.observedGeneration === 2);
    assert.match(second?.message ?? '', /no-one/);
    assert.equal(second?.lastTransitionTime, first.lastTransitionTime);
    await mesh.put('canary', 'shop-v1', 'shop-v2');
    await mesh.conditions('canary', isEmpty);
    assert.deepEqual(said(controller), []);
  });

  it('are written where something is wrong only, and no translation comes of it', async () => {
    const mesh = await MeshWithSplits.prepare('few');
    await mesh.record();
    await using controller = await mesh.start();
    const right = await mesh.put('right', 'shop-v1');
    await mesh.put('wrong', 'shop-v2', 'nobody');
    await mesh.conditions('wrong', isOne);
    assert.equal((await objects.get(right))?.metadata.resourceVersion, right.metadata.resourceVersion);
    const rounds = async (): Promise<string | undefined> =>
      /^maesh_build_duration_seconds_count\{stage="translate"\} (\d+)$/m.exec(
        await controller.get('/metrics'),
      )?.[1];
    const before = await rounds();
    assert.ok(before);
    // Comes after the status by the same watch.
    await objects.apply({
      ...right,
      metadata: { ...right.metadata, labels: { seen: 'yes' } } as typeof right.metadata,
    });
    await until('the label', async () => ((await rounds()) === before ? undefined : true));
    assert.equal(await rounds(), String(Number(before) + 1));
  });

  it('are taken away when the object was mended while no controller ran, and stay where it was not', async () => {
    const mesh = await MeshWithSplits.prepare('away');
    const first = await mesh.start();
    await mesh.put('mended', 'shop-v1', 'nobody');
    await mesh.put('wrong', 'shop-v1', 'nobody');
    await mesh.conditions('mended', isOne);
    const before = await mesh.conditions('wrong', isOne);
    await first.stop();
    await mesh.put('mended', 'shop-v1', 'shop-v2');
    await using _ = await mesh.start();
    await mesh.conditions('mended', isEmpty);
    assert.deepEqual(await mesh.conditions('wrong', isOne), before);
  });

  it('leave conditions of others alone, and objects that took the name of one', async () => {
    const mesh = await MeshWithSplits.prepare('others');
    const split = await mesh.put('canary', 'shop-v1', 'nobody');
    const theirs = {
      type: 'Promoted',
      status: 'True',
      reason: 'Done',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await objects.send({
      method: 'PATCH',
      path: `/apis/${apiVersion}/namespaces/${split.metadata.namespace ?? ''}/trafficsplits/canary/status?fieldManager=flagger`,
      contentType: 'application/apply-patch+yaml',
      body: { ...mesh.reference('canary'), status: { conditions: [theirs] } },
    });
    {
      await using _ = await mesh.start();
      await mesh.conditions('canary', ({ length }) => length === 2);
      await mesh.put('canary', 'shop-v1');
      assert.deepEqual(await mesh.conditions('canary', isOne), [theirs]);
    }
    const access = await resolveAccess({ kubeConfig: plane.kubeconfig, env: {} });
    const client = new KubeClient({ access });
    const kinds = [
      { kind: 'TrafficSplit', group: 'split.smi-spec.io', versions: ['v1alpha4'], plural: 'trafficsplits' },
    ];
    const form = new StatusForm({ client, kinds, namespaces: undefined, log: silentLog, clock: systemClock });
    const { kind, metadata } = split;
    const object = { kind, namespace: metadata.namespace ?? '', name: metadata.name, uid: 'another' };
    const complaint = { reason: 'SplitBackend', message: 'It is wrong.', observedGeneration: 1 };
    const { signal } = new AbortController();
    await form.bring(statusKey(object), { object, complaint }, (call) => call(signal));
    assert.deepEqual(await mesh.conditions('canary', isOne), [theirs]);
    client.close();
  });

  it('are not written where the definition has none, which is said once; there are Events nevertheless', async () => {
    const definitions = await smiDefinitions();
    await installSmi(
      objects,
      definitions.map((each) => ({
        ...each,
        spec: {
          ...each.spec,
          versions: each.spec.versions.map((version) => ({ ...version, subresources: {} })),
        },
      })),
    );
    for (const { spec } of definitions) {
      const { group, versions } = spec;
      await until(`no status in ${group}`, async () => {
        const served = await Promise.all(
          versions.map(({ name }) => objects.send({ path: `/apis/${group}/${name}` })),
        );
        return JSON.stringify(served).includes('/status"') ? undefined : true;
      });
    }
    const mesh = await MeshWithSplits.prepare('old');
    await using controller = await mesh.start();
    const split = await mesh.put('canary', 'shop-v1', 'nobody');
    await until('the Event', async () => {
      const found = await objects.list(`/api/v1/namespaces/${split.metadata.namespace ?? ''}/events`);
      return found.some(({ reason }) => reason === 'SplitBackend') ? true : undefined;
    });
    await mesh.conditions('canary', isEmpty);
    const kinds = definitions.map(({ spec }) => spec.names.kind).toSorted(byText);
    const lacking = (): readonly string[] =>
      controller.log.lines
        .filter(({ message }) => message.startsWith('The definition of a kind has no status'))
        .map(({ fields }) => String(fields['kind']));
    await until('the log to name them', () => (lacking().length >= kinds.length ? true : undefined));
    assert.deepEqual(lacking().toSorted(byText), kinds);
    assert.equal(said(controller).length, kinds.length);
  });
});
