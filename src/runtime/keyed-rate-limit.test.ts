import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { KeyedBuckets } from './keyed-rate-limit.ts';

describe('KeyedBuckets', () => {
  const rate = { perSecond: 1, burst: 2 };

  it('gives each key a burst and then a steady rate of its own', () => {
    const buckets = new KeyedBuckets<string>(rate, 10);
    buckets.take('a', 0);
    assert.equal(buckets.waitMs('a', 0), 0);
    buckets.take('a', 0);
    assert.equal(buckets.waitMs('a', 0), 1_000);
    assert.equal(buckets.waitMs('a', 400), 600);
    assert.equal(buckets.waitMs('b', 0), 0);
    assert.equal(buckets.waitMs('a', 1_000), 0);
  });

  it('forgets the key that was used longest ago where there are too many', () => {
    const buckets = new KeyedBuckets<string>({ perSecond: 1, burst: 1 }, 2);
    for (const key of ['a', 'b']) buckets.take(key, 0);
    buckets.take('a', 1_000);
    buckets.take('c', 1_000);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => buckets.waitMs(key, 1_000)),
      [1_000, 0, 1_000],
    );
  });
});
