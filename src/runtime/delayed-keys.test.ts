import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { DelayedKeys } from './delayed-keys.ts';

function takeAll<Key>(keys: DelayedKeys<Key>): Key[] {
  const taken: Key[] = [];
  for (let key = keys.takeEarliest(); key !== undefined; key = keys.takeEarliest()) taken.push(key);
  return taken;
}

test('keys come out by their time, and those of one time in the order in which they were put', () => {
  const keys = new DelayedKeys<string>();
  keys.put('c', 2);
  keys.put('a', 1);
  keys.put('d', 2);
  keys.put('b', 1);
  assert.equal(keys.earliest, 1);
  assert.deepEqual(takeAll(keys), ['a', 'b', 'c', 'd']);
  assert.equal(keys.earliest, undefined);
});

test('of two times of one key the earlier counts, in whichever order they come', () => {
  const keys = new DelayedKeys<string>();
  keys.put('a', 5);
  keys.put('a', 3);
  keys.put('a', 4);
  assert.equal(keys.size, 1);
  assert.equal(keys.earliest, 3);
});

test('any sequence of puts, deletions and takes gives what a sorted list gives', () => {
  const call = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('put'), key: fc.nat(30), at: fc.nat(20) } as const),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), key: fc.nat(30) } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'take' } as const) },
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200, size: 'max' }), (calls) => {
      const keys = new DelayedKeys<number>();
      // In order; a key that is put at the time of others goes behind them.
      let list: { key: number; at: number }[] = [];
      for (const each of calls) {
        if (each.do === 'put') {
          keys.put(each.key, each.at);
          if (!list.some(({ key, at }) => key === each.key && at <= each.at)) {
            list = list.filter(({ key }) => key !== each.key);
            list = [...list, { key: each.key, at: each.at }].toSorted((a, b) => a.at - b.at);
          }
        } else if (each.do === 'delete') {
          keys.delete(each.key);
          list = list.filter(({ key }) => key !== each.key);
        } else {
          assert.equal(keys.takeEarliest(), list.shift()?.key);
        }
        assert.equal(keys.size, list.length);
        assert.equal(keys.earliest, list[0]?.at);
      }
      assert.deepEqual(
        takeAll(keys),
        list.map(({ key }) => key),
      );
    }),
  );
});

// A structure that looked at every key for each call would need minutes.
test('100,000 keys are put, moved, deleted and taken in order', { timeout: 30_000 }, () => {
  const count = 100_000;
  const keys = new DelayedKeys<number>();
  // 7,919 and the count have no common divisor: every key once, in no order.
  for (let i = 0; i < count; i++) keys.put((i * 7919) % count, 2 * count - i);
  for (let key = 0; key < count; key++) keys.put(key, key);
  for (let key = 0; key < count; key += 2) keys.delete(key);
  assert.deepEqual(
    takeAll(keys),
    Array.from({ length: count / 2 }, (_, i) => 2 * i + 1),
  );
});
