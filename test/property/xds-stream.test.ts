// A whole stream against something that behaves as Envoy does: whatever is published and whenever the stream is cut,
// nothing in use names a cluster that is not there, and at rest the proxy has what was published.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import type { Push } from '../../src/serve/xds/push.ts';
import type { ResourceMap, Snapshot } from '../../src/serve/xds/snapshot.ts';
import { Stream } from '../../src/serve/xds/stream.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import type { Resource, TypeUrl } from '../../src/translate/resources.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { cluster, resourcesOf } from '../kit/xds-resources.ts';
import { FakeEnvoy } from '../kit/xds-fake-envoy.ts';
import type { Meaning, Patience } from '../kit/xds-fake-envoy.ts';

const patienceMs = 15_000;
const quietMs = 1000;
const clusterNames = ['a', 'b', 'c', 'd', 'e'];
const routeNames = ['r', 's'];

/** A world in which every name resolves. A version of 0 means that there is none; 9 is bad. */
interface World {
  readonly clusters: Readonly<Record<string, number>>;
  readonly endpoints: Readonly<Record<string, number>>;
  /** By route: clusters that it names, as far as they are there. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** By route: version of the listener that uses it; a listener of an odd version uses the other route too. */
  readonly listeners: Readonly<Record<string, number>>;
}

const meanings = new WeakMap<Resource, Meaning>();
const made = new Map<string, Resource>();
const nothing: Meaning = { clusters: [], routes: [], isBad: false };

function resource(
  typeUrl: TypeUrl,
  name: string,
  about: { version: string; meaning: Partial<Meaning> },
): Resource {
  const key = `${typeUrl} ${name} ${about.version}`;
  let one = made.get(key);
  if (one === undefined) {
    const base = { name, typeUrl, version: about.version, services: [] };
    const timeout = Number(about.version.split(' ')[0]) * 1000;
    one = { ...base, bytes: typeUrl === typeUrls.cluster ? cluster(name, timeout).bytes : new Uint8Array() };
    meanings.set(one, { ...nothing, ...about.meaning });
    made.set(key, one);
  }
  return one;
}

function* resourcesIn(world: World): Generator<Resource> {
  const present = (name: string): boolean => (world.clusters[name] ?? 0) > 0;
  for (const [name, version] of Object.entries(world.clusters)) {
    if (version === 0) continue;
    yield resource(typeUrls.cluster, name, { version: String(version), meaning: { isBad: version === 9 } });
    const of = String(world.endpoints[name] ?? 1);
    yield resource(typeUrls.endpoints, name, { version: of, meaning: { isBad: of === '9' } });
  }
  for (const [name, all] of Object.entries(world.routes)) {
    const clusters = all.filter(present);
    yield resource(typeUrls.routes, name, { version: `of ${clusters.join()}`, meaning: { clusters } });
  }
  for (const [name, version] of Object.entries(world.listeners)) {
    if (version === 0) continue;
    const routes = version % 2 === 1 && version !== 9 ? routeNames : [name];
    yield resource(typeUrls.listener, name, {
      version: String(version),
      meaning: { routes, isBad: version === 9 },
    });
  }
}

function worldOf(versions: readonly number[]): fc.Arbitrary<World> {
  const version = fc.constantFrom(...versions);
  const record = <Value>(
    names: readonly string[],
    value: fc.Arbitrary<Value>,
  ): fc.Arbitrary<Record<string, Value>> => fc.record(Object.fromEntries(names.map((name) => [name, value])));
  return fc.record({
    clusters: record(clusterNames, version),
    endpoints: record(clusterNames, fc.constantFrom(...versions.filter((one) => one > 0))),
    routes: record(routeNames, fc.subarray(clusterNames)),
    listeners: record(routeNames, version),
  });
}

/** A stream, what is on its way, and the proxy at its end. */
class Harness {
  readonly envoy: FakeEnvoy;
  readonly clock = new FakeClock();
  readonly pushes: Push[] = [];
  readonly impatient: string[] = [];
  #snapshot: Snapshot | undefined;
  #stream: Stream;
  #isDue = false;

  constructor(how: { use: 'checks what it uses' | 'uses what it gets'; patience: Patience }) {
    this.envoy = new FakeEnvoy((one) => meanings.get(one) ?? nothing, how);
    this.#stream = this.connect();
  }

  get stream(): Stream {
    return this.#stream;
  }

  connect(): Stream {
    this.#stream?.close();
    this.pushes.length = 0;
    this.envoy.connect();
    this.#stream = new Stream({
      clock: this.clock,
      limits: { maxBytes: 10_000, maxResources: 2 },
      patienceMs,
      quietMs,
      events: {
        accepted: () => undefined,
        refused: () => undefined,
        unserved: () => undefined,
        impatient: (waitedFor) => this.impatient.push(waitedFor),
        due: () => {
          this.#isDue = true;
        },
      },
    });
    if (this.#snapshot !== undefined) this.#stream.publish(this.#snapshot);
    return this.#stream;
  }

  publish(world: World): void {
    const sequence = (this.#snapshot?.sequence ?? 0) + 1;
    this.#snapshot = { sequence, resources: resourcesOf([...resourcesIn(world)], this.#snapshot?.resources) };
    this.#stream.publish(this.#snapshot);
  }

  flush(): boolean {
    this.#isDue = false;
    const before = this.pushes.length;
    this.#stream.flush({
      isWritable: true,
      write: (push) => {
        const underWay = this.pushes.filter(({ typeUrl }) => typeUrl === push.typeUrl);
        assert.deepEqual(underWay, [], 'one response of a type under way');
        this.pushes.push(push);
      },
    });
    return this.pushes.length > before;
  }

  readPush(): boolean {
    const push = this.pushes.shift();
    if (push !== undefined) this.envoy.read(push);
    return push !== undefined;
  }

  readRequest(): boolean {
    const request = this.envoy.outbox.shift();
    if (request !== undefined) this.#stream.receive(request);
    return request !== undefined;
  }

  /** Lets everything happen that can; time passes only when nothing else does. */
  rest(longestMs: number): void {
    for (let waitedMs = 0; waitedMs <= longestMs; waitedMs += quietMs) {
      for (let steps = 0; this.readRequest() || this.flush() || this.readPush(); steps += 1) {
        assert.ok(steps < 3000, 'it never comes to rest');
      }
      this.clock.advance(quietMs);
      if (!this.#isDue && this.clock.waiting === 0) return;
    }
  }

  assertConverged(): void {
    const { resources, sequence } = this.#snapshot ?? assert.fail('nothing was published');
    const { active, warming, listeners, routes, endpoints } = this.envoy;
    assert.deepEqual([...warming.keys()], [], 'nothing warms');
    this.#assertSame(active, resources[typeUrls.cluster]);
    this.#assertSame(listeners, resources[typeUrls.listener]);
    for (const [name, { version }] of routes) {
      assert.equal(version, resources[typeUrls.routes].get(name)?.version, `routes ${name}`);
    }
    for (const [name, { version }] of endpoints) {
      const one = resources[typeUrls.endpoints].get(name);
      if (one !== undefined && this.#isGood(one)) assert.equal(version, one.version, `endpoints ${name}`);
    }
    assert.equal(this.#stream.acknowledged, sequence);
    assert.ok(this.#stream.isReady);
  }

  #assertSame(held: ReadonlyMap<string, { readonly version: string }>, published: ResourceMap): void {
    for (const [name, one] of published) {
      if (this.#isGood(one)) assert.equal(held.get(name)?.version, one.version, `${one.typeUrl} ${name}`);
    }
    for (const name of held.keys()) assert.ok(published.has(name), `${name} is gone`);
  }

  #isGood({ name, version }: Resource): boolean {
    return !this.envoy.rejected.has(`${name} ${version}`);
  }
}

interface Step {
  readonly what: string;
  readonly run: (harness: Harness) => void;
}

function stepsOf(world: fc.Arbitrary<World>): fc.Arbitrary<Step[]> {
  const act = (what: string, run: Step['run']): fc.Arbitrary<Step> => fc.constant({ what, run });
  const publish = world.map((one): Step => {
    return { what: `publish ${JSON.stringify(one)}`, run: (harness) => harness.publish(one) };
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: publish },
    { weight: 8, arbitrary: act('flush', (harness) => harness.flush()) },
    { weight: 8, arbitrary: act('read push', (harness) => harness.readPush()) },
    { weight: 8, arbitrary: act('read request', (harness) => harness.readRequest()) },
    { weight: 2, arbitrary: act('rest', (harness) => harness.rest(3 * quietMs)) },
    { weight: 1, arbitrary: act('cut', (harness) => harness.connect()) },
    {
      weight: 1,
      arbitrary: act('restart', (harness) => {
        harness.envoy.restart();
        harness.connect();
      }),
    },
  );
  return fc.array(step, { maxLength: 80, size: 'max' });
}

const patiences = fc.constantFrom<Patience>('acknowledges warm clusters', 'acknowledges at once');

test('nothing in use names a cluster that is not there, and at rest the proxy has what was published', () => {
  const world = worldOf([0, 1, 2, 3]);
  fc.assert(
    fc.property(patiences, stepsOf(world), world, (patience, steps, last) => {
      const harness = new Harness({ use: 'checks what it uses', patience });
      for (const { run } of steps) run(harness);
      harness.publish(last);
      harness.rest(10 * quietMs);
      harness.assertConverged();
      assert.deepEqual(harness.impatient, [], 'nothing had to be given up');
    }),
    { numRuns: 3000 },
  );
});

test('with resources that are rejected, everything good arrives, and nothing waits for ever', () => {
  const world = worldOf([0, 1, 2, 9]);
  fc.assert(
    fc.property(patiences, stepsOf(world), world, (patience, steps, last) => {
      const harness = new Harness({ use: 'uses what it gets', patience });
      for (const { run } of steps) run(harness);
      harness.publish(last);
      harness.rest(5 * patienceMs);
      harness.assertConverged();
    }),
    { numRuns: 3000 },
  );
});
