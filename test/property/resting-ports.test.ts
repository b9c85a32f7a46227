// A mesh port is never given to another service while a proxy of any replica may still take it for that of the one before,
// nor before its rest is over, whatever replicas, proxies and leaders do meanwhile; and every port is free in the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Rests } from '../../src/apply/rests.ts';
import { AcknowledgedVersion } from '../../src/control/acknowledged-version.ts';
import { FakeClock } from '../kit/fake-clock.ts';

const restMs = 1_000;
const portCount = 2;

/** A shadow Service with one mesh port. */
interface Shadow {
  readonly name: string;
  readonly port: number;
  readonly version: number;
  readonly isResting: boolean;
}

/** Mesh port → the service whose calls go there. */
type Served = ReadonlyMap<number, string>;

/** What there is, version after version. */
class Server {
  version = 10;
  shadows: readonly Shadow[] = [];
  /** What there was after each write. */
  readonly history: { readonly version: number; readonly shadows: readonly Shadow[] }[] = [];

  write(name: string, shadow: Omit<Shadow, 'name' | 'version'> | undefined): void {
    const version = ++this.version;
    const others = this.shadows.filter((each) => each.name !== name);
    this.shadows = shadow === undefined ? others : [...others, { name, version, ...shadow }];
    this.history.push({ version, shadows: this.shadows });
  }
}

/** A replica with its proxies, as one. */
class Replica {
  readonly acknowledged = new AcknowledgedVersion();
  #at = -1;
  #snapshots: Served[] = [new Map()];
  #proxies: Served = new Map();

  get served(): Served {
    return this.#proxies;
  }

  /** Takes in some of what is new, the newest of it at once. */
  follow({ history }: Server, steps: number): void {
    this.#at = Math.min(history.length - 1, this.#at + steps);
    const state = history[this.#at];
    if (state === undefined) return;
    const newest = Math.max(0, ...state.shadows.map(({ version }) => version));
    const live = state.shadows.filter(({ isResting }) => !isResting);
    this.#snapshots.push(new Map(live.map(({ port, name }) => [port, name])));
    // What is deleted is no version that a replica could know of.
    if (newest > 0) this.acknowledged.built(String(newest), this.#snapshots.length - 1);
  }

  /** Has its proxies take in and acknowledge all but the newest few snapshots. */
  settle(behind: number): void {
    const sequence = Math.max(0, this.#snapshots.length - 1 - behind);
    this.#proxies = this.#snapshots[sequence] ?? this.#proxies;
    this.#snapshots = [
      ...this.#snapshots.slice(0, sequence).fill(this.#proxies),
      ...this.#snapshots.slice(sequence),
    ];
    this.acknowledged.settled(sequence);
  }

  /** Takes in everything, and its proxies do. */
  keepUp(server: Server): void {
    this.follow(server, Infinity);
    this.settle(0);
  }
}

class World {
  readonly clock = new FakeClock();
  readonly server = new Server();
  readonly replicas = [new Replica(), new Replica(), new Replica()];
  /** When a proxy served a port last, by the clock. */
  readonly #servedAt = new Map<number, number>();
  /** Names of the services that live; no name comes twice. */
  readonly #services: string[] = [];
  #rests = new Rests(this.clock, restMs);
  #count = 0;
  /** How often a port was given that a proxy had served for another before. */
  reuses = 0;

  /** Gives a new service the first port that is on record for nobody. */
  create(): void {
    const taken = new Set(this.server.shadows.map(({ port }) => port));
    const port = Array.from({ length: portCount }, (_, index) => index).find((each) => !taken.has(each));
    if (port === undefined) return;
    for (const { served } of this.replicas) assert.ok(!served.has(port), `port ${port} is still served`);
    const rested = this.clock.now() - (this.#servedAt.get(port) ?? -Infinity);
    assert.ok(rested >= restMs, `port ${port} has rested for ${rested} ms`);
    if (rested < Infinity) this.reuses += 1;
    const name = `service-${++this.#count}`;
    this.#services.push(name);
    this.#write(name, { port, isResting: false });
  }

  /** Takes a service away: its port begins to rest. */
  remove(which: number): void {
    const [name] = this.#services.splice(which % Math.max(1, this.#services.length), 1);
    const shadow = this.server.shadows.find((each) => each.name === name);
    if (shadow !== undefined) this.#write(shadow.name, { port: shadow.port, isResting: true });
  }

  /** Another leads. */
  takeOver(): void {
    this.#rests = new Rests(this.clock, restMs);
    this.#see();
  }

  /** The one that leads looks at the replicas, and takes off the record what has rested. */
  look(): void {
    const versions = this.replicas.map(({ acknowledged }) => acknowledged.version);
    if (!versions.includes(undefined)) this.#rests.settled(String(Math.min(...versions.map(Number))));
    const over = this.#rests.takeOver();
    for (const { name, port } of this.server.shadows)
      if (over.includes(String(port))) this.#write(name, undefined);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.note();
  }

  /** Notes what proxies serve now. */
  note(): void {
    for (const { served } of this.replicas) {
      for (const port of served.keys()) this.#servedAt.set(port, this.clock.now());
    }
  }

  #write(name: string, shadow: Omit<Shadow, 'name' | 'version'> | undefined): void {
    this.server.write(name, shadow);
    this.#see();
  }

  /** What rests is on one record, of the version at which that was last another. */
  #see(): void {
    const resting = this.server.shadows.filter(({ isResting }) => isResting);
    const version = Math.max(0, ...resting.map((each) => each.version));
    this.#rests.see({ resourceVersion: String(version), resting: resting.map(({ port }) => String(port)) });
  }
}

type Step = (world: World) => void;

const which = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant((world: World) => world.create()),
  which.map((one) => (world: World) => world.remove(one)),
  fc.tuple(fc.nat(2), fc.nat(4)).map(
    ([one, steps]) =>
      (world: World) =>
        world.replicas[one]?.follow(world.server, steps),
  ),
  fc.tuple(fc.nat(2), fc.nat(2)).map(
    ([one, behind]) =>
      (world: World) =>
        world.replicas[one]?.settle(behind),
  ),
  // All but one at most.
  fc.nat(5).map((but) => (world: World) => {
    for (const replica of world.replicas) if (replica !== world.replicas[but]) replica.keepUp(world.server);
  }),
  fc.constant((world: World) => world.look()),
  fc.constant((world: World) => world.takeOver()),
  fc.nat(1_500).map((ms) => (world: World) => world.pass(ms)),
);

test('no port has two owners within its rest, and every port is free in the end', () => {
  let reuses = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300, size: 'max' }), (steps) => {
      const world = new World();
      for (const act of steps) {
        act(world);
        world.note();
      }
      reuses += world.reuses;
      for (let i = 0; i < portCount; i++) world.remove(0);
      for (const replica of world.replicas) replica.keepUp(world.server);
      world.look();
      world.pass(restMs);
      world.look();
      assert.deepEqual(world.server.shadows, []);
    }),
    { numRuns: 200 },
  );
  assert.ok(reuses > 100, `only ${reuses} ports were given again`);
});
