import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { Clock, Timer } from './clock.ts';
import { Delays } from './delays.ts';
import { TokenBucket } from './rate-limit.ts';

function start(rate = { perSecond: 1000, burst: 1000 }): {
  clock: FakeClock;
  delays: Delays<string>;
  released: string[];
} {
  const clock = new FakeClock();
  const released: string[] = [];
  const delays = new Delays<string>({ clock, retryBucket: new TokenBucket(rate) }, (key) =>
    released.push(`${key}@${clock.now()}`),
  );
  return { clock, delays, released };
}

test('keys are released when their time has come, by one timer', () => {
  const { clock, delays, released } = start();
  for (const [key, delayMs] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
  ] as const)
    delays.later(key, delayMs);
  assert.equal(clock.waiting, 1);
  clock.advance(25);
  assert.deepEqual(released, ['a@10', 'b@20']);
  assert.equal(clock.waiting, 1);
  clock.advance(5);
  assert.deepEqual(released, ['a@10', 'b@20', 'c@30']);
  assert.equal(clock.waiting, 0);
});

test('a time and a retry of one key are both kept, and only the retry can be taken back', () => {
  const { clock, delays, released } = start();
  delays.later('a', 20);
  delays.retry('a', 10);
  delays.retry('b', 15);
  assert.equal(delays.size, 3);
  delays.cancelRetry('b');
  clock.advance(100);
  assert.deepEqual(released, ['a@10', 'a@20']);
});

test('no timer remains when nothing waits any more', () => {
  const { clock, delays, released } = start();
  delays.retry('a', 10);
  delays.cancelRetry('a');
  assert.equal(clock.waiting, 0);
  delays.retry('a', 10);
  delays.later('b', 10);
  delays.clear();
  assert.equal(clock.waiting, 0);
  clock.advance(100);
  assert.deepEqual(released, []);
});

test('retries of all keys together keep to their rate, the longest due first, and hold up nothing else', () => {
  const { clock, delays, released } = start({ perSecond: 10, burst: 2 });
  for (const key of ['a', 'b', 'c', 'd']) delays.retry(key, 5);
  delays.later('x', 50);
  clock.advance(1_000);
  assert.deepEqual(released, ['a@5', 'b@5', 'x@50', 'c@105', 'd@205']);
});

test('a retry that is taken back costs no token, however often that happens', () => {
  const { clock, delays, released } = start({ perSecond: 1, burst: 1 });
  for (let i = 0; i < 1_000; i++) {
    delays.retry('often', 5);
    delays.cancelRetry('often');
  }
  delays.retry('a', 5);
  clock.advance(5);
  assert.deepEqual(released, ['a@5']);
});

/** A clock that keeps the delay of each timer that is set. */
function recordTimers(clock: Clock, timers: number[]): Clock {
  return {
    now: () => clock.now(),
    after(delayMs, action): Timer {
      timers.push(delayMs);
      return clock.after(delayMs, action);
    },
  };
}

test('keys that are due together are released together, with no timer for each', () => {
  const clock = new FakeClock();
  const timers: number[] = [];
  const released: string[] = [];
  const delays = new Delays<string>(
    { clock: recordTimers(clock, timers), retryBucket: new TokenBucket({ perSecond: 1, burst: 50 }) },
    (key) => released.push(key),
  );
  for (let i = 0; i < 50; i++) {
    delays.later(`later-${i}`, 10);
    delays.retry(`retry-${i}`, 10);
  }
  clock.advance(10);
  assert.equal(released.length, 100);
  assert.deepEqual(timers, [10]);
});

test('a delay that is longer than a timer can be is waited for all the same', () => {
  const clock = new FakeClock();
  const timers: number[] = [];
  const measured = recordTimers(clock, timers);
  const released: number[] = [];
  const delays = new Delays<string>(
    { clock: measured, retryBucket: new TokenBucket({ perSecond: 1, burst: 1 }) },
    () => released.push(clock.now()),
  );
  const days60 = 60 * 86_400_000;
  delays.later('a', days60);
  delays.later('never', Number.POSITIVE_INFINITY);
  clock.advance(2 * days60);
  assert.deepEqual(released, [days60]);
  assert.ok(Math.max(...timers) <= 2 ** 31 - 1);
  assert.ok(timers.length <= 3);
});

test('a timer that fires a little early releases what it was set for, and is not set again', () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const early: Clock = {
    now: () => now,
    after(_delayMs, action): Timer {
      timers.push(action);
      return { cancel() {} };
    },
  };
  const released: string[] = [];
  const delays = new Delays<string>(
    { clock: early, retryBucket: new TokenBucket({ perSecond: 1, burst: 1 }) },
    (key) => released.push(key),
  );
  delays.later('a', 10);
  now = 9.3;
  timers[0]?.();
  assert.deepEqual(released, ['a']);
  assert.equal(timers.length, 1);
});
