import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { TokenBucket } from './rate-limit.ts';

/** Takes a token whenever there is one at these times, and says when it did. */
function takeAt(bucket: TokenBucket, times: readonly number[]): number[] {
  return times.filter((now) => {
    if (bucket.availableAt > now) return false;
    bucket.take(now);
    return true;
  });
}

test('a burst is there at once, and then one token after the other at the rate', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  assert.deepEqual(takeAt(bucket, [0, 0, 0, 0, 99, 100, 101, 200]), [0, 0, 0, 100, 200]);
  assert.equal(bucket.availableAt, 300);
});

test('a bucket that nobody takes from fills up to its burst and no further', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  takeAt(bucket, [0, 0]);
  assert.deepEqual(takeAt(bucket, [60_000, 60_000, 60_000]), [60_000, 60_000]);
});

test('in no span of time are more tokens taken than the burst and what the rate gives', () => {
  const times = fc.array(fc.nat(2_000), { maxLength: 60 }).map((steps) => steps.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      times,
      (perSecond, burst, at) => {
        const taken = takeAt(new TokenBucket({ perSecond, burst }), at);
        for (const [from, start] of taken.entries())
          for (const [to, end] of taken.entries())
            if (to >= from) assert.ok(to - from + 1 <= burst + ((end - start) / 1000) * perSecond + 1e-9);
      },
    ),
  );
});
