import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { eachOnce, readRefused, refusedText, type Refused } from './told-refusals.ts';

const refused: Refused = { typeUrl: 'Cluster', name: 'shop', service: 'store/shop', message: 'no' };

describe('eachOnce()', () => {
  it('has one of each resource, the same in whichever order they come', () => {
    const all = [refused, { ...refused, message: 'never' }, { ...refused, name: 'cart' }];
    const once = [all[2], all[1]];
    assert.deepEqual(eachOnce(all), once);
    assert.deepEqual(eachOnce(all.toReversed()), once);
  });
});

describe('refusedText()', () => {
  it('is read as what was told', () => {
    assert.deepEqual(readRefused(refusedText([refused, { ...refused, name: 'cart' }])), [
      { ...refused, name: 'cart' },
      refused,
    ]);
  });

  it('is absent where nothing is refused', () => {
    assert.equal(refusedText([]), undefined);
    assert.deepEqual(readRefused(undefined), []);
  });

  it('tells no more than a Lease has room for', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      ...refused,
      name: `shop-${index}`,
      message: 'ä'.repeat(10_000),
    }));
    const text = refusedText(many) ?? '';
    assert.equal(readRefused(text).length, 20);
    assert.ok(Buffer.byteLength(text) < 16_384);
  });
});

describe('readRefused()', () => {
  it('takes what is none of ours for nothing', () => {
    for (const text of ['', '{', '{}', '[1]', '[{"name":"shop"}]']) assert.deepEqual(readRefused(text), []);
  });
});
