// Workers under updates that come at any moment and calls that end at any moment, some of them in failure: nothing is in
// two hands, nothing is lost, and nothing is done that need not be.

import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';

import { FakeClock } from '../kit/fake-clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { runWorkers } from '../../src/runtime/run-workers.ts';
import { WorkQueue } from '../../src/runtime/work-queue.ts';

/** A world in which each key has a version, and workers that take over the newest. */
class World {
  readonly versions = new Map<string, number>();
  readonly synced = new Map<string, number>();
  /** Calls so far. */
  calls = 0;
  /** What went wrong. */
  readonly faults: string[] = [];
  readonly #inHand = new Set<string>();
  /** Version that the last call for a key saw, unless that call failed. */
  readonly #seen = new Map<string, number>();
  readonly #work: (key: string) => Promise<unknown>;

  /** @param work what takes time, and fails when it rejects. */
  constructor(work: (key: string) => Promise<unknown>) {
    this.#work = work;
  }

  update(key: string): void {
    this.versions.set(key, (this.versions.get(key) ?? 0) + 1);
  }

  async reconcile(key: string): Promise<void> {
    this.calls++;
    if (this.#inHand.has(key)) this.faults.push(`${key} is in two hands`);
    const version = this.versions.get(key) ?? 0;
    if (this.#seen.get(key) === version) this.faults.push(`${key} is processed without need`);
    this.#seen.set(key, version);
    this.#inHand.add(key);
    try {
      await this.#work(key);
      this.synced.set(key, version);
    } catch (error) {
      this.#seen.delete(key);
      throw error;
    } finally {
      this.#inHand.delete(key);
    }
  }
}

/** How much there is to do, now or later. */
function left(queue: WorkQueue): number {
  const { waiting, processing, delayed } = queue.state();
  return waiting + processing + delayed;
}

const signal = new AbortController().signal;
const keys = ['a', 'b', 'c'];

interface Course {
  readonly scheduler: fc.Scheduler;
  readonly updates: readonly string[];
  /** Whether each call in turn fails; those after the last one succeed. */
  readonly failures: readonly boolean[];
  readonly workers: number;
}

function start({ scheduler, updates, failures, workers }: Course): {
  clock: FakeClock;
  queue: WorkQueue;
  world: World;
  ended: Promise<void>;
} {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0 });
  const outcomes = [...failures];
  const world: World = new World(async (key) => {
    await scheduler.schedule(Promise.resolve(), `call for ${key} ends`);
    if (outcomes.shift() === true) throw new Error('Broken');
  });
  const update = async (key: string): Promise<void> => {
    await scheduler.schedule(Promise.resolve(), `update of ${key}`);
    world.update(key);
    queue.add(key);
  };
  for (const key of updates) void update(key);
  const reconcile = (key: string): Promise<void> => world.reconcile(key);
  const ended = runWorkers(queue, { workers, reconcile, log: silentLog, clock, signal });
  return { clock, queue, world, ended };
}

const course = fc.record({
  scheduler: fc.scheduler(),
  updates: fc.array(fc.constantFrom(...keys), { maxLength: 20 }),
  failures: fc.array(fc.boolean(), { maxLength: 10 }),
  workers: fc.integer({ min: 1, max: 3 }),
});

test('in whatever order updates come and calls end or fail, each key ends up at its last version', async () => {
  await fc.assert(
    fc.asyncProperty(course, async (given) => {
      const { clock, queue, world, ended } = start(given);
      await given.scheduler.waitIdle();
      while (left(queue) > 0) {
        clock.advance(60_000);
        // Workers schedule their calls once they are awake.
        await nextTurn();
        await given.scheduler.waitIdle();
      }
      assert.deepEqual(world.faults, []);
      assert.deepEqual(world.synced, world.versions);
      await queue.shutDown('drain');
      await ended;
    }),
  );
});

test('whenever it is drained, each key that did not fail ends up at the version that it had then', async () => {
  await fc.assert(
    fc.asyncProperty(course, fc.nat(20), async (given, steps) => {
      const { queue, world, ended } = start({ ...given, failures: [] });
      for (let step = 0; step < steps && given.scheduler.count() > 0; step++)
        await given.scheduler.waitNext(1);
      const versions = new Map(world.versions);
      const drained = queue.shutDown('drain');
      await given.scheduler.waitFor(Promise.all([drained, ended]));
      assert.deepEqual(world.faults, []);
      for (const [key, version] of versions) assert.ok((world.synced.get(key) ?? 0) >= version);
      const { calls } = world;
      await given.scheduler.waitIdle();
      assert.equal(world.calls, calls, 'A worker went on after the end');
    }),
  );
});

test('10,000 updates of 100 keys at once are 100 calls', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0 });
  const world = new World(() => nextTurn());
  const reconcile = (key: string): Promise<void> => world.reconcile(key);
  const ended = runWorkers(queue, { workers: 8, reconcile, log: silentLog, clock, signal });
  await nextTurn();
  for (let i = 0; i < 10_000; i++) {
    world.update(`key-${i % 100}`);
    queue.add(`key-${i % 100}`);
  }
  await queue.shutDown('drain');
  await ended;
  assert.deepEqual(world.faults, []);
  assert.deepEqual(world.synced, world.versions);
  assert.equal(world.calls, 100);
});

test('10,000 updates of 100 keys in a second end with the last of each, and no call without need', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0 });
  const callMs = 20;
  const world = new World(
    () =>
      new Promise((resolve, reject) => {
        // One call in seven fails.
        const isBroken = world.calls % 7 === 0;
        clock.after(callMs, () => (isBroken ? reject(new Error('Broken')) : resolve(undefined)));
      }),
  );
  const workers = 8;
  const reconcile = (key: string): Promise<void> => world.reconcile(key);
  const ended = runWorkers(queue, { workers, reconcile, log: silentLog, clock, signal });
  for (let i = 0; i < 10_000; i++) {
    world.update(`key-${(i * 37) % 100}`);
    queue.add(`key-${(i * 37) % 100}`);
    if (i % 10 > 0) continue;
    await nextTurn();
    clock.advance(1);
  }
  const callsInStorm = world.calls;
  while (left(queue) > 0) {
    await nextTurn();
    clock.advance(1);
  }
  assert.deepEqual(world.faults, []);
  assert.deepEqual(world.synced, world.versions);
  // Workers were never idle, never more than they are, and what remained was each key once, plus retries.
  assert.ok(callsInStorm <= (workers * 1_000) / callMs + workers, `${callsInStorm} calls in the storm`);
  assert.ok(world.calls - callsInStorm <= 100 * 1.5, `${world.calls - callsInStorm} calls after it`);
  await queue.shutDown('drain');
  await ended;
});
