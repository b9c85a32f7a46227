// The reflector before a real API server: what it knows is what the server has, over restarts, faults, missing
// permissions, and definitions that come and go.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import type { ApiObject } from '../../src/kube/api-object.ts';
import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient, type Selection } from '../../src/kube/client.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import type { ReflectedChange } from '../../src/kube/reflected-set.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import type { KubeAccess } from '../kit/kube-request.ts';
import { RecordLog } from '../kit/record-log.ts';
import { until } from '../kit/until.ts';

const maps = { group: '', version: 'v1', plural: 'configmaps' };

function map(namespace: string, name: string, value: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { value } };
}

const mapsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

function valueOf(object: ApiObject | KubeObject): string {
  return (object['data'] as { readonly value?: string } | undefined)?.value ?? '';
}

/** A reflector at work. */
class Following implements AsyncDisposable {
  readonly told = new Map<string, string>();
  readonly states: string[] = [];
  readonly log = new RecordLog();
  readonly reflector: Reflector<string>;
  changes = 0;
  synced = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(what: { readonly client: KubeClient; readonly selection: Selection }) {
    this.reflector = new Reflector<string>({
      ...what,
      decode: valueOf,
      onSynced: (items) => {
        this.synced += 1;
        this.#take(items);
      },
      onChanged: (changes) => {
        this.changes += changes.length;
        this.#take(changes);
      },
      onState: ({ kind }) => this.states.push(kind),
      log: this.log,
      timing: { retryMs: 50, maxRetryMs: 500, watchSilenceMs: 2_000 },
    });
    this.#running = this.reflector.run(this.#stop.signal);
  }

  /** Resolves when a state is reached. */
  async reached(state: string): Promise<void> {
    await until(`state ${state}`, () => this.states.includes(state) || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #take(changes: readonly ReflectedChange<string>[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) assert.ok(this.told.delete(key), `${key} was not there`);
      else {
        assert.notEqual(this.told.get(key), value, `${key} is no change`);
        this.told.set(key, value);
      }
    }
  }
}

/** Starts a control plane for the tests of a suite, and makes what they need. */
class Stage {
  readonly running = new AsyncDisposableStack();
  plane!: ControlPlane;
  kube!: KubeObjects;

  async start(options: Parameters<typeof startControlPlane>[0]): Promise<void> {
    this.plane = this.running.use(await startControlPlane(options));
    this.kube = this.running.use(new KubeObjects(this.plane.admin));
  }

  /** A client; the administrator's by default. */
  async client(access: Partial<KubeAccess> = this.plane.admin): Promise<KubeClient> {
    const kubeConfig = await this.plane.writeKubeconfig(access);
    const client = new KubeClient({ access: await resolveAccess({ kubeConfig, env: {} }) });
    this.running.defer(() => client.close());
    return client;
  }

  /** What the server has of a namespace, by key. */
  async objects(namespace: string): Promise<Map<string, string>> {
    const objects = await this.kube.list(mapsOf(namespace));
    return new Map(objects.map((object) => [`${namespace}/${object.metadata.name}`, valueOf(object)]));
  }

  /** Resolves when what was told is what the server has. */
  async agree(following: Following, namespace: string): Promise<void> {
    await until(`the objects of ${namespace}`, async () => {
      const wanted = await this.objects(namespace);
      return isDeepStrictEqual(sorted(following.told), sorted(wanted)) || undefined;
    });
  }
}

function sorted(values: ReadonlyMap<string, string>): readonly string[] {
  return [...values].map(([key, value]) => `${key}=${value}`).toSorted((a, b) => (a < b ? -1 : 1));
}

suite('a reflector of a real API server', () => {
  const stage = new Stage();
  before(() => stage.start({ tokens: [{ token: 'stranger-token', user: 'stranger' }] }));
  after(() => stage.running.disposeAsync());

  test('knows what there is by one streamed list, and then what changes', async () => {
    const { kube, plane } = stage;
    await kube.apply(map('one', 'a', '1'), map('one', 'b', '1'));
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const client = await stage.client({ url: proxy.url });
    await using following = new Following({ client, selection: { type: maps, namespace: 'one' } });
    await stage.agree(following, 'one');
    await kube.apply(map('one', 'a', '2'), map('one', 'c', '1'));
    await kube.delete(map('one', 'b', '1'));
    await stage.agree(following, 'one');
    assert.equal(following.changes, 3);
    const requests = proxy.requests.filter(({ path }) => path === mapsOf('one'));
    assert.deepEqual(
      requests.map(({ isWatch, query }) => [isWatch, query.get('sendInitialEvents')]),
      [[true, 'true']],
    );
    client.close();
  });

  test('goes on after the API server was restarted, and after it was killed', async () => {
    const { kube, plane } = stage;
    await kube.apply(map('two', 'a', '1'), map('two', 'b', '1'));
    const client = await stage.client();
    await using following = new Following({ client, selection: { type: maps, namespace: 'two' } });
    await stage.agree(following, 'two');
    await plane.stopApiServer();
    await following.reached('failing');
    await plane.startApiServer();
    await kube.apply(map('two', 'a', '2'));
    await stage.agree(following, 'two');
    await plane.kill('kube-apiserver');
    await plane.startApiServer();
    await kube.delete(map('two', 'b', '1'));
    await stage.agree(following, 'two');
    assert.equal(following.synced, 1);
    // Nothing that did not change was told again.
    assert.equal(following.changes, 2);
    assert.equal(following.reflector.state.kind, 'synced');
  });

  test('ends with what the server has, after a storm of updates and faults', async () => {
    const { kube, plane } = stage;
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const client = await stage.client({ url: proxy.url });
    await kube.apply(map('three', 'first', '0'));
    await using following = new Following({ client, selection: { type: maps, namespace: 'three' } });
    await stage.agree(following, 'three');
    const faults = [
      proxy.inject({ kind: 'answer', status: 500, share: 0.2 }),
      proxy.inject({ kind: 'answer', status: 429, retryAfterSeconds: 1, times: 1 }),
      proxy.inject({ kind: 'cut', at: 700, share: 0.5 }),
      proxy.inject({ kind: 'replay', events: 3, share: 0.8 }),
    ];
    const acts = [
      () => proxy.cut(),
      () => proxy.cutMidEvent(),
      () => proxy.endWatches({ code: 410, reason: 'Expired', message: 'too old' }),
      () => proxy.endWatches({ code: 500, reason: 'InternalError', message: 'no leader' }),
    ];
    for (let round = 0; round < 40; round++) {
      const name = `m${round % 7}`;
      if (round % 5 === 4) await kube.delete(map('three', `m${(round - 4) % 7}`, ''));
      await kube.apply(map('three', name, String(round)));
      await acts[round % acts.length]?.();
    }
    await until('every fault to have been met', async () => {
      if (following.reflector.state.kind === 'synced') proxy.cut();
      await kube.apply(map('three', 'last', String(performance.now())));
      return faults.every(({ hits }) => hits > 0) || undefined;
    });
    proxy.mend();
    await stage.agree(following, 'three');
    client.close();
  });

  test('gives up a watch on which nothing comes', async () => {
    const { kube, plane } = stage;
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const client = await stage.client({ url: proxy.url });
    await kube.apply(map('four', 'a', '1'));
    await using following = new Following({ client, selection: { type: maps, namespace: 'four' } });
    await stage.agree(following, 'four');
    using silence = proxy.inject({ kind: 'stall', when: ({ isWatch }) => isWatch });
    await kube.apply(map('four', 'a', '2'));
    await following.reached('failing');
    silence[Symbol.dispose]();
    await stage.agree(following, 'four');
    assert.match(
      String(following.log.lines.find(({ level }) => level === 'warn')?.fields['error']),
      /nothing came for 2 s/,
    );
    client.close();
  });

  test('says what to grant, and follows as soon as that is granted', async () => {
    const { kube, plane } = stage;
    await kube.apply(map('five', 'a', '1'));
    const client = await stage.client({ url: plane.url, ca: plane.admin.ca, token: 'stranger-token' });
    await using following = new Following({ client, selection: { type: maps, namespace: 'five' } });
    await following.reached('forbidden');
    const [line] = following.log.lines;
    assert.equal(line?.level, 'error');
    assert.equal(
      line?.fields['error'],
      'Cannot watch configmaps in namespace five: not allowed. Grant it by a rule {apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"]} in a ClusterRole or a Role of namespace five, bound to Maesh\'s account. ' +
        'The API server says: configmaps is forbidden: User "stranger" cannot watch resource "configmaps" in API group "" in the namespace "five"',
    );
    await kube.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { namespace: 'five', name: 'reader' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['watch', 'list'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { namespace: 'five', name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stranger' }],
      },
    );
    await stage.agree(following, 'five');
    assert.deepEqual(following.states, ['forbidden', 'synced']);
  });

  test('finds a custom resource when its definition comes, and lets its objects go when that goes', async () => {
    const { kube } = stage;
    const definition: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'parcels.test.maesh' },
      spec: {
        group: 'test.maesh',
        scope: 'Cluster',
        names: { plural: 'parcels', singular: 'parcel', kind: 'Parcel' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    const parcel: KubeObject = {
      apiVersion: 'test.maesh/v1',
      kind: 'Parcel',
      metadata: { name: 'p' },
      data: { value: '7' },
    };
    const type = { group: 'test.maesh', version: 'v1', plural: 'parcels' };
    await using following = new Following({ client: await stage.client(), selection: { type } });
    await following.reached('absent');
    assert.equal(following.synced, 1);
    await kube.apply(definition);
    await following.reached('synced');
    await kube.apply(parcel);
    await until('the object', () => following.told.get('/p') === '7' || undefined);
    await kube.delete(definition);
    await until(
      'its end',
      () => (following.told.size === 0 && following.reflector.state.kind === 'absent') || undefined,
    );
  });
});

suite('a reflector of an API server without streamed lists and watch cache', () => {
  const stage = new Stage();
  before(() => stage.start({ watchCache: false, featureGates: { WatchList: false } }));
  after(() => stage.running.disposeAsync());

  test('lists by pages, and lists again when etcd has compacted what it would go on from', async () => {
    const { kube, plane } = stage;
    const names = Array.from({ length: 260 }, (_, index) => `m${index}`);
    await kube.apply(map('one', 'first', '1'));
    await Promise.all(names.map((name) => kube.apply(map('one', name, '1'))));
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const client = await stage.client({ url: proxy.url });
    await using following = new Following({ client, selection: { type: maps, namespace: 'one' } });
    await stage.agree(following, 'one');
    proxy.receive('reset');
    proxy.cut();
    await kube.apply(map('one', 'm1', '2'), map('one', 'new', '1'));
    await kube.delete(map('one', 'm2', ''));
    await plane.compact();
    proxy.mend();
    await stage.agree(following, 'one');
    assert.equal(following.synced, 1);
    assert.equal(following.changes, 3);
    const paged = proxy.requests.filter(({ path, isWatch }) => path === mapsOf('one') && !isWatch);
    assert.deepEqual(
      paged.map(({ query }) => [query.get('limit'), query.has('continue')]),
      [
        ['250', false],
        ['250', true],
        ['250', false],
        ['250', true],
      ],
    );
    assert.equal(
      following.log.lines.filter(({ fields }) => /too old|compacted|410/.test(String(fields['error'])))
        .length > 0,
      true,
    );
    client.close();
  });
});
