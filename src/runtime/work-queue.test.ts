import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { until } from '../../test/kit/until.ts';
import { systemClock } from './clock.ts';
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts';

function start(options: Partial<WorkQueueOptions> = {}): { clock: FakeClock; queue: WorkQueue } {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 0, ...options }) };
}

/** Takes and is done with everything that waits now. */
function processAll(queue: WorkQueue): string[] {
  const keys: string[] = [];
  for (let key = queue.take(); key !== undefined; key = queue.take()) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('WorkQueue', () => {
  it('hands out each key once, however often it was added, in the order of the first time', () => {
    const { queue } = start();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    assert.equal(queue.length, 3);
    assert.deepEqual(processAll(queue), ['b', 'a', 'c']);
    assert.equal(queue.length, 0);
  });

  it('hands a key to nobody while it is processed, and again afterwards if it was added meanwhile', () => {
    const { queue } = start();
    queue.add('a');
    assert.equal(queue.take(), 'a');
    queue.add('a');
    queue.add('a');
    assert.equal(queue.length, 1);
    assert.equal(queue.take(), undefined);
    queue.done('a');
    assert.deepEqual(processAll(queue), ['a']);
  });

  it('puts a key that was added while it was processed behind those that wait already', () => {
    const { queue } = start();
    queue.add('a');
    queue.take();
    queue.add('a');
    queue.add('b');
    queue.done('a');
    assert.deepEqual(processAll(queue), ['b', 'a']);
  });

  it('says so when somebody is done with what nobody took', () => {
    const { queue } = start();
    queue.add('a');
    assert.throws(() => queue.done('a'), /Cannot be done with a: it was not taken/);
  });

  it('wakes one worker for each key', async () => {
    const { queue } = start();
    const woken: string[] = [];
    const workers = ['first', 'second', 'third'].map(async (name) => {
      await queue.wait();
      woken.push(name);
    });
    queue.add('a');
    queue.add('b');
    await Promise.all(workers.slice(0, 2));
    assert.deepEqual(woken, ['first', 'second']);
    queue.add('c');
    await Promise.all(workers);
  });
});

describe('WorkQueue with delays', () => {
  it('adds a key after its time, the earliest of several, and without a delay at once', () => {
    const { clock, queue } = start();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 70);
    for (const [key, delayMs] of [
      ['b', 0],
      ['c', -1],
      ['d', Number.NaN],
    ] as const)
      queue.addAfter(key, delayMs);
    assert.deepEqual(processAll(queue), ['b', 'c', 'd']);
    clock.advance(49);
    assert.equal(queue.length, 0);
    clock.advance(1);
    assert.deepEqual(processAll(queue), ['a']);
    clock.advance(1_000);
    assert.equal(queue.length, 0);
  });

  it('keeps to the time that was asked for though the key is processed and forgotten before', () => {
    const { clock, queue } = start();
    queue.addAfter('a', 100);
    queue.add('a');
    assert.deepEqual(processAll(queue), ['a']);
    queue.forget('a');
    clock.advance(100);
    assert.deepEqual(processAll(queue), ['a']);
  });

  it('adds keys by the real clock', async () => {
    const queue = new WorkQueue({ clock: systemClock });
    queue.addAfter('later', 20);
    queue.addAfter('soon', 5);
    const keys: string[] = [];
    await until('both keys', () => {
      keys.push(...processAll(queue));
      return keys.length === 2 || undefined;
    });
    assert.deepEqual(keys, ['soon', 'later']);
  });
});

describe('WorkQueue with keys that fail', () => {
  it('doubles the delay of a key with each failure up to the longest, until it is forgotten', () => {
    const { queue } = start({ retry: { firstMs: 5, maxMs: 30_000 } });
    const delays = Array.from({ length: 15 }, () => queue.addRateLimited('a'));
    assert.deepEqual(
      delays,
      [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 30_000, 30_000],
    );
    assert.equal(queue.retries('a'), 15);
    assert.equal(queue.addRateLimited('b'), 5);
    queue.forget('a');
    assert.equal(queue.retries('a'), 0);
    assert.equal(queue.addRateLimited('a'), 5);
  });

  it('stays at the longest delay however often a key fails', () => {
    const { queue } = start();
    for (let i = 0; i < 2_000; i++) queue.addRateLimited('a');
    assert.equal(queue.addRateLimited('a'), 30_000);
  });

  it('lets chance shorten a delay by the share that it is allowed', () => {
    let chance = 0;
    const { queue } = start({ random: () => chance, retry: { firstMs: 100, jitter: 0.5 } });
    assert.equal(queue.addRateLimited('a'), 100);
    chance = 0.5;
    assert.equal(queue.addRateLimited('b'), 75);
    chance = 1 - Number.EPSILON;
    assert.ok(queue.addRateLimited('c') >= 50);
  });

  it('puts the key back after its delay, and takes that back when the key is tried or forgotten before', () => {
    const { clock, queue } = start();
    queue.addRateLimited('retried');
    queue.addRateLimited('added');
    queue.addRateLimited('forgotten');
    queue.add('added');
    assert.deepEqual(processAll(queue), ['added']);
    queue.forget('forgotten');
    clock.advance(60_000);
    assert.deepEqual(processAll(queue), ['retried']);
  });

  it('lets 100 keys be tried again at once and then 10 a second, and delays no key that is added', () => {
    const { clock, queue } = start();
    const keys = Array.from({ length: 150 }, (_, i) => `key-${i}`);
    for (const key of keys) queue.addRateLimited(key);
    clock.advance(5);
    assert.deepEqual(processAll(queue), keys.slice(0, 100));
    queue.add('key-149');
    assert.deepEqual(processAll(queue), ['key-149']);
    clock.advance(1_000);
    assert.deepEqual(processAll(queue), keys.slice(100, 110));
    clock.advance(60_000);
    assert.deepEqual(processAll(queue), keys.slice(110, 149));
  });

  it('is not slowed down by failures of the past: there is no debt (kubernetes/kubernetes#104554)', () => {
    const { clock, queue } = start();
    for (let i = 0; i < 10_000; i++) {
      queue.add('often');
      queue.take();
      queue.addRateLimited('often');
      queue.done('often');
    }
    queue.addRateLimited('other');
    clock.advance(5);
    assert.deepEqual(processAll(queue), ['other']);
  });
});

describe('WorkQueue on shutdown', () => {
  it('drops what waits and ends when what is being processed is done with', async () => {
    const { clock, queue } = start();
    for (const key of ['a', 'b']) queue.add(key);
    queue.take();
    queue.add('a');
    queue.addAfter('c', 10);
    let isEnded = false;
    const ended = queue.shutDown('drop').then(() => (isEnded = true));
    for (const key of ['d', 'a']) queue.add(key);
    queue.addAfter('e', 10);
    queue.addAfter('f', 0);
    queue.addRateLimited('a');
    assert.deepEqual([queue.length, clock.waiting, queue.take()], [0, 0, undefined]);
    assert.equal(await queue.wait(), false);
    assert.equal(isEnded, false);
    queue.done('a');
    await ended;
    assert.equal(queue.length, 0);
  });

  it('drains what waits, what was added while it was processed included, but nothing that is delayed', async () => {
    const { clock, queue } = start();
    for (const key of ['a', 'b']) queue.add(key);
    queue.take();
    queue.add('a');
    queue.addAfter('c', 10);
    let isEnded = false;
    const ended = queue.shutDown('drain').then(() => (isEnded = true));
    queue.add('d');
    assert.equal(await queue.wait(), true);
    queue.done('a');
    assert.equal(isEnded, false);
    assert.deepEqual(processAll(queue), ['b', 'a']);
    assert.equal(clock.waiting, 0);
    await ended;
    assert.equal(await queue.wait(), false);
  });

  it('may drop after all what it was draining', async () => {
    const { queue } = start();
    queue.add('a');
    const drained = queue.shutDown('drain');
    await queue.shutDown('drop');
    await drained;
    assert.equal(queue.take(), undefined);
  });

  it('tells workers without a key to stop', async () => {
    const { queue } = start();
    const waiting = [queue.wait(), queue.wait()];
    await queue.shutDown('drain');
    assert.deepEqual(await Promise.all(waiting), [false, false]);
  });
});

describe('WorkQueue as seen by metrics', () => {
  it('tells its observer what happens and how long it took', () => {
    const events: string[] = [];
    const { clock, queue } = start({
      observer: {
        observes: (state) => events.push(`observes ${state().waiting} keys`),
        added: () => events.push('added'),
        taken: (waitedMs) => events.push(`taken after ${waitedMs}`),
        done: (workedMs) => events.push(`done after ${workedMs}`),
        retried: () => events.push('retried'),
      },
    });
    queue.add('a');
    queue.add('a');
    clock.advance(30);
    queue.take();
    clock.advance(2);
    queue.add('a');
    clock.advance(5);
    queue.addRateLimited('a');
    queue.done('a');
    queue.take();
    assert.deepEqual(events, [
      'observes 0 keys',
      'added',
      'taken after 30',
      'added',
      'retried',
      'done after 7',
      'taken after 5',
    ]);
  });

  it('says how much waits, is delayed and is being processed, and for how long', () => {
    const { clock, queue } = start();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    queue.take();
    clock.advance(10);
    queue.take();
    queue.add('a');
    queue.addAfter('d', 100);
    queue.addRateLimited('e');
    clock.advance(1);
    assert.deepEqual(queue.state(), {
      waiting: 2,
      processing: 2,
      delayed: 2,
      unfinishedMs: 12,
      longestMs: 11,
    });
  });
});
