// Candidates for a Lease whose calls are slow, lost or answered into the void, who come, stop and die: never do two lead
// at once, and soon after the trouble ends one does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';

import { LeaseElector } from '../../src/kube/lease.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { FakeLease, goodCall, wind, type LeaseCall } from '../kit/fake-lease.ts';

const timing = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** A process that takes part. */
class Candidate {
  call: LeaseCall = goodCall;
  /** A dead one does nothing that counts, and nothing that it sends arrives. */
  isDead = false;
  works = false;
  readonly elector: LeaseElector;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(world: World, name: string, chance: () => number) {
    const store = world.lease.store(() => (this.isDead ? { ...goodCall, lost: 'question' } : this.call));
    this.elector = new LeaseElector({
      store,
      identity: name,
      lead: (signal) => this.#lead(world, signal),
      log: silentLog,
      clock: shifted(world.clock, chance() * 1_000_000),
      random: chance,
      timing,
    });
    this.#done = this.elector.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #lead(world: World, signal: AbortSignal): Promise<void> {
    this.works = true;
    world.check();
    if (!signal.aborted) await once(signal, 'abort');
    this.works = false;
  }
}

class World {
  readonly clock = new FakeClock();
  readonly lease: FakeLease = new FakeLease(this.clock);
  readonly candidates: Candidate[] = [];
  readonly #chance: () => number;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  add(): void {
    this.candidates.push(new Candidate(this, `candidate-${this.candidates.length}`, this.#chance));
  }

  get leaders(): readonly Candidate[] {
    return this.candidates.filter(({ isDead, works, elector }) => !isDead && (works || elector.isLeading));
  }

  check(): void {
    assert.ok(this.leaders.length <= 1, `${this.leaders.length} lead`);
  }

  async wind(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await wind(this.clock, Math.min(100, left));
      this.check();
    }
  }

  async end(): Promise<void> {
    const ending = Promise.all(this.candidates.map((each) => each.stop()));
    await wind(this.clock, 40_000, 1_000);
    await ending;
  }
}

/** A clock that shows another time: those of two machines have nothing to do with each other. */
function shifted(clock: Clock, byMs: number): Clock {
  return { now: () => clock.now() + byMs, after: (delayMs, action) => clock.after(delayMs, action) };
}

const call = fc.record({
  thereMs: fc.oneof(fc.nat(200), fc.nat(30_000)),
  backMs: fc.oneof(fc.nat(200), fc.nat(30_000)),
  lost: fc.constantFrom('nothing' as const, 'question' as const, 'answer' as const),
});

const step = fc.record({
  act: fc.oneof(
    { weight: 6, arbitrary: fc.record({ call }) },
    { weight: 3, arbitrary: fc.constant('mend' as const) },
    { weight: 1, arbitrary: fc.constantFrom('add' as const, 'die' as const, 'stop' as const) },
  ),
  who: fc.nat(5),
  ms: fc.integer({ min: 100, max: 15_000 }),
});

const chances = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));

test('two never lead at once, and when all is well one does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), chances, async (steps, chance) => {
      const world = new World(() => chance.next().value as number);
      for (let i = 0; i < 3; i++) world.add();
      const stopping: Promise<void>[] = [];
      for (const { act, who, ms } of steps) {
        const one = world.candidates[who % world.candidates.length];
        if (one === undefined) continue;
        if (act === 'add' && world.candidates.length < 6) world.add();
        else if (act === 'die') one.isDead = true;
        else if (act === 'stop') stopping.push(one.stop());
        else if (act === 'mend') one.call = goodCall;
        else if (typeof act === 'object') one.call = act.call;
        await world.wind(ms);
      }
      for (const each of world.candidates) each.call = goodCall;
      world.add();
      // What is under way takes its time, and may yet make a Lease of one who is not there any more.
      await world.wind(60_000 + timing.leaseMs + 3 * 2.2 * timing.retryMs);
      assert.equal(world.leaders.length, 1);
      await world.end();
      await Promise.all(stopping);
    }),
    { numRuns: 40 },
  );
});

test('a leader that dies is replaced within its Lease and one look', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 0, max: 20_000 }),
      chances,
      async (count, ms, chance) => {
        const world = new World(() => chance.next().value as number);
        for (let i = 0; i < count; i++) world.add();
        await world.wind(2_000 + ms);
        const [leader] = world.leaders;
        assert.ok(leader !== undefined);
        leader.isDead = true;
        // Each call takes two steps of the clock here, each of up to 100 ms.
        await world.wind(timing.leaseMs + 2.2 * timing.retryMs + 800);
        assert.equal(world.leaders.length, 1);
        await world.end();
      },
    ),
    { numRuns: 15 },
  );
});
