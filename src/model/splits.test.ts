import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kubeService, put, take } from '../../test/kit/objects.ts';
import { kubeRouteGroup, kubeSplit } from '../../test/kit/smi-objects.ts';
import { TopologyBuilder } from './build.ts';
import type { KubeObject, KubeTrafficSplit } from './objects.ts';
import { standalonePorts } from './ports.ts';
import type { Topology } from './topology.ts';

const options = { defaultMode: 'http', ports: standalonePorts, addresses: undefined } as const;

/** A mesh that is built anew after each change. */
class Mesh {
  readonly #builder = new TopologyBuilder(options);
  topology: Topology = this.#builder.build();

  constructor(...objects: readonly KubeObject[]) {
    this.put(...objects);
  }

  put(...objects: readonly KubeObject[]): void {
    this.#builder.apply({ changes: objects.map(put), problems: [] });
    this.topology = this.#builder.build();
  }

  take(...objects: readonly KubeObject[]): void {
    this.#builder.apply({ changes: objects.map(take), problems: [] });
    this.topology = this.#builder.build();
  }

  /** Backends of each split of a service port, as `service: weight`, with the number of its matches before. */
  splits(service: string, port = 80): readonly string[] {
    const found = this.topology.services.get(`store/${service}`)?.ports.find((each) => each.port === port);
    return (found?.splits ?? []).map(({ matches, backends }) => {
      const shares = backends.map(({ key, weight }) => `${key.split('/')[1]}: ${weight}`).join(', ');
      return matches === undefined ? shares : `${matches.length} matches → ${shares}`;
    });
  }

  get problems(): readonly string[] {
    return this.topology.problems.map(({ code, subject }) => `${code} ${subject.name}`);
  }
}

function services(...names: readonly string[]): readonly KubeObject[] {
  return names.map((name) => kubeService({ name }));
}

function split(name: string, service: string, backends: Readonly<Record<string, number>>): KubeTrafficSplit {
  const list = Object.entries(backends).map(([backend, weight]) => ({ service: backend, weight }));
  return kubeSplit({ name, service, backends: list });
}

describe('TrafficSplits', () => {
  it('are in the topology as they were read, sorted, also those that do nothing', () => {
    const [late, early] = [split('late', 'shop', {}), split('early', 'nobody', { v1: 1 })];
    const mesh = new Mesh(...services('shop'), late, early);
    const first = mesh.topology.trafficSplits;
    assert.deepEqual(
      [...(first ?? [])],
      [
        ['store/early', early],
        ['store/late', late],
      ],
    );
    mesh.put(...services('v1'));
    assert.equal(mesh.topology.trafficSplits, first);
    const changed = split('late', 'shop', { v1: 1 });
    mesh.put(changed);
    assert.deepEqual([...(mesh.topology.trafficSplits?.values() ?? [])], [early, changed]);
    mesh.take(early, changed);
    assert.equal(mesh.topology.trafficSplits, undefined);
  });
});

describe('the splits of a service', () => {
  it('come and go with the TrafficSplit, the root and the backends, in any order', () => {
    const canary = split('canary', 'shop', { v1: 90, v2: 10 });
    const mesh = new Mesh(canary);
    assert.deepEqual(mesh.problems, ['MAESH_SPLIT_ROOT canary']);
    mesh.put(...services('shop'));
    assert.deepEqual(mesh.splits('shop'), []);
    assert.equal(mesh.problems.length, 3);
    mesh.put(...services('v1'));
    assert.deepEqual(mesh.splits('shop'), ['v1: 90']);
    mesh.put(...services('v2'));
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [['v1: 90, v2: 10'], []]);
    mesh.put(split('canary', 'shop', { v1: 80, v2: 20 }));
    assert.deepEqual(mesh.splits('shop'), ['v1: 80, v2: 20']);
    mesh.take(...services('v1'));
    assert.deepEqual(mesh.splits('shop'), ['v2: 20']);
    mesh.take(canary);
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [[], []]);
  });

  it('follow the ports of root and backends', () => {
    const mesh = new Mesh(...services('shop', 'v1', 'v2'), split('canary', 'shop', { v1: 1, v2: 1 }));
    const twoPorts = [
      { name: 'web', port: 80 },
      { name: 'admin', port: 81 },
    ];
    mesh.put(kubeService({ ports: twoPorts }), kubeService({ name: 'v2', ports: twoPorts }));
    assert.deepEqual([mesh.splits('shop'), mesh.splits('shop', 81)], [['v1: 1, v2: 1'], ['v2: 1']]);
    assert.deepEqual(mesh.problems, ['MAESH_SPLIT_BACKEND canary']);
    const tcp = { 'mesh.traefik.io/traffic-type': 'tcp' };
    mesh.put(kubeService({ name: 'v2', ports: twoPorts, annotations: tcp }));
    assert.deepEqual([mesh.splits('shop'), mesh.splits('shop', 81)], [['v1: 1'], []]);
  });

  it('are divided further by the splits of backends, however those change', () => {
    const mesh = new Mesh(...services('shop', 'v1', 'v2', 'v3'), split('canary', 'shop', { v1: 3, v2: 1 }));
    mesh.put(split('inner', 'v1', { v2: 1, v3: 2 }));
    assert.deepEqual(mesh.splits('shop'), ['v2: 2, v3: 2']);
    mesh.put(split('inner', 'v1', { v3: 1 }));
    assert.deepEqual(mesh.splits('shop'), ['v3: 3, v2: 1']);
    mesh.take(...services('v3'));
    assert.deepEqual(mesh.splits('shop'), ['v1: 3, v2: 1'], 'v1 goes on by itself');
    mesh.put(split('innermost', 'v2', { shop: 1 }));
    assert.deepEqual(mesh.splits('shop'), [], 'the way back is a circle');
    assert.ok(mesh.problems.includes('MAESH_SPLIT_CYCLE canary'));
    assert.ok(mesh.problems.includes('MAESH_SPLIT_CYCLE innermost'));
  });

  it('stay small where backends are split again and again', () => {
    const levels = 40;
    const objects: KubeObject[] = [...services('end')];
    for (let level = 0; level < levels; level++) {
      objects.push(...services(`a${level}`, `b${level}`));
      const next = level + 1 === levels ? { end: 1 } : { [`a${level + 1}`]: 1, [`b${level + 1}`]: 1 };
      objects.push(split(`a${level}`, `a${level}`, next), split(`b${level}`, `b${level}`, next));
    }
    assert.deepEqual(new Mesh(...objects).splits('a0'), ['end: 2']);
  });

  it('may be a chain of any length', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `s${index}`);
    const chain = names.slice(1).map((name, index) => split(`t${index}`, `s${index}`, { [name]: 1 }));
    const mesh = new Mesh(...services(...names), ...chain);
    assert.deepEqual(mesh.splits('s0'), ['s2999: 1']);
    mesh.put(split('back', 's2999', { s0: 1 }));
    assert.deepEqual([mesh.splits('s0'), mesh.problems.length], [[], 3_000]);
  });

  it('with matches come before the one without, those with most conditions first', () => {
    const mesh = new Mesh(
      ...services('shop', 'v1', 'v2', 'v3'),
      kubeRouteGroup({ name: 'get', matches: [{ methods: ['GET'] }] }),
      kubeRouteGroup({
        name: 'read',
        matches: [{ methods: ['GET'], pathRegex: '/api' }, { pathRegex: '/' }],
      }),
      split('a', 'shop', { v1: 1 }),
      { ...split('b', 'shop', { v2: 1 }), routeGroups: ['get'] },
      { ...split('c', 'shop', { v3: 1 }), routeGroups: ['get', 'read'] },
    );
    assert.deepEqual(mesh.splits('shop'), ['3 matches → v3: 1', '1 matches → v2: 1', 'v1: 1']);
    assert.deepEqual(mesh.problems, []);
  });

  it('with matches follow their HTTPRouteGroups, and do nothing without one of them', () => {
    const mesh = new Mesh(...services('shop', 'v1'), {
      ...split('beta', 'shop', { v1: 1 }),
      routeGroups: ['api', 'more'],
    });
    mesh.put(kubeRouteGroup());
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [[], ['MAESH_SPLIT_MATCHES beta']]);
    mesh.put(kubeRouteGroup({ name: 'more', matches: [{ methods: ['*', 'GET'] }] }));
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [['2 matches → v1: 1'], []]);
    mesh.take(kubeRouteGroup());
    assert.deepEqual(mesh.splits('shop'), []);
  });

  it('with matches are nothing for backends of other splits, and that is said', () => {
    const mesh = new Mesh(
      ...services('shop', 'v1', 'v2'),
      kubeRouteGroup(),
      split('canary', 'shop', { v1: 1 }),
      { ...split('beta', 'v1', { v2: 1 }), routeGroups: ['api'] },
    );
    assert.deepEqual([mesh.splits('shop'), mesh.splits('v1')], [['v1: 1'], ['1 matches → v2: 1']]);
    assert.deepEqual(mesh.problems, ['MAESH_SPLIT_NESTED canary']);
  });

  it('with matches are nothing for TCP, and do not take everything instead', () => {
    const annotations = { 'mesh.traefik.io/traffic-type': 'tcp' };
    const mesh = new Mesh(
      kubeService({ annotations }),
      kubeService({ name: 'v1', annotations }),
      kubeRouteGroup(),
      { ...split('beta', 'shop', { v1: 1 }), routeGroups: ['api'] },
    );
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [[], ['MAESH_SPLIT_MATCHES beta']]);
  });

  it('are refused where proxies would have to look through too much', () => {
    const matches = Array.from({ length: 600 }, (_, index) => ({ pathRegex: `/${index}` }));
    const mesh = new Mesh(...services('shop', 'v1', 'v2'), kubeRouteGroup({ matches }), {
      ...split('beta', 'shop', { v1: 1, v2: 1 }),
      routeGroups: ['api'],
    });
    assert.deepEqual([mesh.splits('shop'), mesh.problems], [[], ['MAESH_SPLIT_SIZE beta']]);
  });

  it('change nothing but their root, and that only where they change', () => {
    const mesh = new Mesh(...services('shop', 'v1', 'other'), split('canary', 'shop', { v1: 1 }));
    const before = mesh.topology;
    mesh.put(split('canary', 'shop', { v1: 1, v2: 0 }));
    for (const name of ['shop', 'v1', 'other']) {
      assert.equal(mesh.topology.services.get(`store/${name}`), before.services.get(`store/${name}`), name);
    }
    mesh.put(split('canary', 'shop', { v1: 2 }));
    assert.notEqual(mesh.topology.services.get('store/shop'), before.services.get('store/shop'));
    assert.equal(mesh.topology.services.get('store/v1'), before.services.get('store/v1'));
  });

  it('leave out backends that are not served yet, and do nothing without any', () => {
    const builder = new TopologyBuilder({
      ...options,
      ports: { ...standalonePorts, http: [{ first: 1, last: 2 }] },
    });
    const objects = [...services('a', 'b', 'c'), split('canary', 'a', { b: 1, c: 1 })];
    builder.apply({ changes: objects.map(put), problems: [] });
    const [port] = builder.build().services.get('store/a')?.ports ?? [];
    assert.deepEqual(
      port?.splits?.flatMap(({ backends }) => backends.map(({ key }) => key)),
      ['store/b/80'],
    );
  });
});
