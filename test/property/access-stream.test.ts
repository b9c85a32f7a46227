// Access control while a proxy goes from one snapshot to the next: whatever it has been sent so far, whoever is denied finds
// no way through. Which pod calls or is called, and what TrafficTargets say, may each be a moment old; but what no
// TrafficTarget has allowed in all that time must not pass.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TopologyBuilder } from '../../src/model/build.ts';
import type { KubeObject } from '../../src/model/objects.ts';
import type { ServicePort, Topology, TrafficType } from '../../src/model/topology.ts';
import type { Push } from '../../src/serve/xds/push.ts';
import type { Snapshot } from '../../src/serve/xds/snapshot.ts';
import { Stream } from '../../src/serve/xds/stream.ts';
import { type Resource, type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { ConnectionWalk } from '../kit/connection-walk.ts';
import {
  callerAt,
  isAllowed,
  listOf,
  objectsOf,
  podAddresses,
  type World,
  worldChanges,
  type WorldObjects,
  worlds,
} from '../kit/connection-worlds.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { testSettings } from '../kit/mesh.ts';
import { put, take } from '../kit/objects.ts';
import { RouteWalk } from '../kit/route-walk.ts';
import { FakeEnvoy, type Meaning, type Patience } from '../kit/xds-fake-envoy.ts';

const settings = testSettings('127.127.0.0/17', true);
const quietMs = 1000;

/** What was published, and what it was made of. */
interface Published {
  readonly snapshot: Snapshot;
  readonly objects: WorldObjects;
}

/** A proxy that is told of a world that changes. */
class Harness {
  readonly clock = new FakeClock();
  readonly #traffic: TrafficType;
  readonly #builder = new TopologyBuilder(settings.model);
  readonly #translate = createTranslator(settings.translate);
  readonly #envoy: FakeEnvoy;
  readonly #published: Published[] = [];
  readonly #world: World;
  #objects: readonly KubeObject[] = [];
  #topology: Topology | undefined;
  #pushes: Push[] = [];
  #stream: Stream;
  /** The newest snapshot of which the proxy had everything. */
  #whole = 0;

  constructor(
    traffic: TrafficType,
    world: World,
    how: { patience: Patience; isBad: (one: Resource) => boolean },
  ) {
    this.#traffic = traffic;
    this.#world = { ...world };
    const meaning = (one: Resource): Meaning => ({
      clusters: [],
      routes: one.name.startsWith('http/') ? [one.name] : [],
      isBad: how.isBad(one),
    });
    this.#envoy = new FakeEnvoy(meaning, { use: 'uses what it gets', patience: how.patience });
    this.#stream = this.connect();
    this.change({});
  }

  connect(): Stream {
    this.#stream?.close();
    this.#pushes = [];
    this.#envoy.connect();
    this.#stream = new Stream({
      clock: this.clock,
      limits: { maxBytes: 100_000, maxResources: 3 },
      patienceMs: 15_000,
      quietMs,
      events: { accepted: ignore, refused: ignore, unserved: ignore, impatient: ignore, due: ignore },
    });
    const newest = this.#published.at(-1);
    if (newest !== undefined) this.#stream.publish(newest.snapshot);
    return this.#stream;
  }

  change(change: Partial<World>): void {
    Object.assign(this.#world, change);
    const objects = objectsOf(this.#world, this.#traffic);
    const next = listOf(objects);
    this.#builder.apply({ changes: [...this.#objects.map(take), ...next.map(put)], problems: [] });
    this.#objects = next;
    this.#topology = this.#builder.build();
    const sequence = this.#published.length + 1;
    const snapshot = { sequence, resources: this.#translate(this.#topology) };
    this.#published.push({ snapshot, objects });
    this.#stream.publish(snapshot);
  }

  flush(): boolean {
    const before = this.#pushes.length;
    this.#stream.flush({ isWritable: true, write: (push) => this.#pushes.push(push) });
    const { acknowledged } = this.#stream;
    const hasRejected = [...this.#stream.subscriptions()].some(({ rejected }) => rejected.size > 0);
    if (!hasRejected) this.#whole = Math.max(this.#whole, acknowledged);
    return this.#pushes.length > before;
  }

  /** The proxy takes what it is sent, by one response, and is looked at. */
  readPush(): boolean {
    const push = this.#pushes.shift();
    if (push === undefined) return false;
    this.#envoy.read(push);
    this.#check();
    return true;
  }

  readRequest(): boolean {
    const request = this.#envoy.outbox.shift();
    if (request !== undefined) this.#stream.receive(request);
    return request !== undefined;
  }

  rest(): void {
    for (let turn = 0; turn < 3; turn += 1) {
      for (let count = 0; this.readRequest() || this.flush() || this.readPush(); count += 1) {
        assert.ok(count < 3000, 'it never comes to rest');
      }
      this.clock.advance(quietMs);
    }
  }

  /** At rest, the proxy has the endpoints of the newest snapshot, all of them. */
  assertWhole(): void {
    const published = this.#published.at(-1)?.snapshot.resources[typeUrls.endpoints];
    for (const [name, { version }] of this.#envoy.endpoints)
      assert.equal(version, published?.get(name)?.version);
    assert.equal(this.#stream.acknowledged, this.#published.length);
  }

  #check(): void {
    const since = this.#published.slice(Math.max(0, this.#whole - 1));
    const rules = since.flatMap(({ objects }) => objects.targets);
    const pods = since.flatMap(({ objects }) => objects.pods.filter(({ finished }) => !finished));
    const reached = this.#walk();
    for (const from of podAddresses) {
      const callers = new Set(since.map(({ objects }) => callerAt(from, objects)));
      for (const { port, meshPort = 0 } of this.#ports()) {
        for (const place of reached(from, meshPort)) {
          const isOpen = pods
            .filter(({ ips }) => place === `${ips[0]}:${port + 1000}`)
            .some((pod) =>
              [...callers].some((caller) => rules.some((rule) => isAllowed(rule, { caller, pod, port }))),
            );
          assert.ok(isOpen, `${from} reaches ${place} by way of port ${port}`);
        }
      }
    }
  }

  #ports(): readonly ServicePort[] {
    return [...(this.#topology?.services.values() ?? [])].flatMap(({ ports }) => ports);
  }

  /** What an address reaches through a mesh port and what the proxy has. */
  #walk(): (from: string, meshPort: number) => ReadonlySet<string> {
    if (this.#traffic === 'http') {
      const walk = new RouteWalk(this.#held());
      return (from, meshPort) => walk.reached({ from, meshPort, method: 'GET', path: '/', headers: {} });
    }
    const walk = new ConnectionWalk(this.#held());
    const traffic = this.#traffic;
    return (from, port) =>
      walk.reached({ traffic, from, to: { address: settings.translate.meshAddress, port } });
  }

  #held(): Resources {
    const of = (map: FakeEnvoy['active']): ReadonlyMap<string, Resource> =>
      new Map([...map].map(([name, { resource }]) => [name, resource]));
    const { active, endpoints, listeners, routes } = this.#envoy;
    const newest = this.#published.at(-1)?.snapshot.resources ?? assert.fail('nothing was published');
    return {
      ...newest,
      [typeUrls.cluster]: of(active),
      [typeUrls.endpoints]: of(endpoints),
      [typeUrls.listener]: of(listeners),
      [typeUrls.routes]: of(routes),
    };
  }
}

function ignore(): void {}

interface Step {
  readonly what: string;
  readonly run: (harness: Harness) => void;
}

const act = (what: string, run: Step['run']): fc.Arbitrary<Step> => fc.constant({ what, run });

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: worldChanges.map((change): Step => ({
        what: JSON.stringify(change),
        run: (harness) => harness.change(change),
      })),
    },
    { weight: 8, arbitrary: act('flush', (harness) => harness.flush()) },
    { weight: 8, arbitrary: act('read push', (harness) => harness.readPush()) },
    { weight: 8, arbitrary: act('read request', (harness) => harness.readRequest()) },
    { weight: 4, arbitrary: act('rest', (harness) => harness.rest()) },
    { weight: 1, arbitrary: act('cut', (harness) => harness.connect()) },
  ),
  { maxLength: 40, size: 'max' },
);

const patiences = fc.constantFrom<Patience>('acknowledges warm clusters', 'acknowledges at once');

for (const traffic of ['http', 'tcp', 'udp'] as const) {
  describe(`who is denied what is ${traffic}`, () => {
    it('finds no way through whatever a proxy has been sent so far, which in the end is everything', () => {
      fc.assert(
        fc.property(patiences, worlds, steps, (patience, world, all) => {
          const harness = new Harness(traffic, world, { patience, isBad: () => false });
          for (const { run } of all) run(harness);
          harness.rest();
          harness.assertWhole();
        }),
        { numRuns: 300 },
      );
    });

    it('finds none either while a proxy refuses some listeners and routes', () => {
      const isBad = ({ typeUrl, version }: Resource): boolean =>
        (typeUrl === typeUrls.listener || typeUrl === typeUrls.routes) && '0123'.includes(version[0] ?? '');
      fc.assert(
        fc.property(patiences, worlds, steps, (patience, world, all) => {
          const harness = new Harness(traffic, world, { patience, isBad });
          for (const { run } of all) run(harness);
          harness.rest();
        }),
        { numRuns: 300 },
      );
    });
  });
}
