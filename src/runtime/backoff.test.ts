import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { Backoff } from './backoff.ts';
import { sleep } from './sleep.ts';

suite('Backoff', () => {
  test('waits grow by the factor up to the maximum, and reset() begins anew', () => {
    const backoff = new Backoff({ clock: new FakeClock(), random: () => 0, firstMs: 100, maxMs: 1_000 });
    const waits = Array.from({ length: 6 }, () => backoff.next());
    assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
    backoff.reset();
    assert.equal(backoff.next(), 100);
  });

  test('chance takes off no more than the jitter says, for any chance', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (chance, jitter) => {
          const options = { clock: new FakeClock(), random: () => chance, firstMs: 8, maxMs: 100, jitter };
          const backoff = new Backoff({ ...options, factor: 3 });
          for (const ceiling of [8, 24, 72, 100, 100]) {
            const delay = backoff.next();
            assert.ok(delay <= ceiling && delay >= ceiling * (1 - jitter), `${delay} of ${ceiling}`);
          }
        },
      ),
    );
  });

  test('a failure after a long quiet time counts as the first, but one soon after a wait does not', () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ clock, random: () => 0, firstMs: 10, maxMs: 80, forgetAfterMs: 1_000 });
    assert.equal(backoff.next(), 10);
    clock.advance(10 + 999);
    assert.equal(backoff.next(), 20);
    clock.advance(20 + 1_000);
    assert.equal(backoff.next(), 10);
  });

  test('wait() waits as long as was asked for where that is longer, and an abort ends it', async () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ clock, random: () => 0, firstMs: 10, maxMs: 80 });
    const stop = new AbortController();
    let waits = 0;
    const wait = async (atLeastMs?: number): Promise<void> => {
      await backoff.wait(stop.signal, atLeastMs);
      waits += 1;
    };
    const first = wait(500);
    clock.advance(499);
    assert.equal(waits, 0);
    clock.advance(1);
    await first;
    const second = wait();
    assert.equal(clock.waiting, 1);
    stop.abort();
    await second;
    assert.equal(clock.waiting, 0);
    await wait();
    assert.equal(waits, 3);
  });
});

test('sleep() takes the time of the clock and leaves no listener on its signal', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const asleep = sleep(5, { clock, signal: stop.signal });
  clock.advance(5);
  await asleep;
  stop.abort();
  assert.equal(clock.waiting, 0);
});
