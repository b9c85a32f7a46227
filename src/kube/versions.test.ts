import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { compareVersions } from './versions.ts';

test('versions compare as the numbers that they are, also beyond 53 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n }), fc.bigInt({ min: 1n, max: 2n ** 64n }), (a, b) => {
      const order = compareVersions(String(a), String(b));
      assert.equal(Math.sign(order ?? Number.NaN), a === b ? 0 : a < b ? -1 : 1);
    }),
  );
});

test('what is no number has no order, but is equal to itself', () => {
  for (const text of ['', '0', '01', 'a1', '1.5', '-3']) {
    assert.equal(compareVersions(text, '7'), undefined);
    assert.equal(compareVersions('7', text), undefined);
    assert.equal(compareVersions(text, text), 0);
  }
});
