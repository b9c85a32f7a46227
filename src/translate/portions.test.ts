import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { portions, wholeMillion } from './portions.ts';

describe('portions()', () => {
  it('divides a million as the weights say', () => {
    assert.deepEqual(portions([90, 10]), [900_000, 100_000]);
    assert.deepEqual(portions([1, 1, 1]), [333_333, 333_334, 333_333]);
    assert.deepEqual(portions([0.25]), [wholeMillion]);
  });

  it('leaves nobody without a part, however small his weight is', () => {
    assert.deepEqual(portions([Number.MAX_SAFE_INTEGER, 1, 1]), [999_998, 1, 1]);
    assert.deepEqual(portions([1e-9, Number.MAX_SAFE_INTEGER]), [1, 999_999]);
  });

  it('is right to as many millionths as there are weights, and comes to a million', () => {
    const weights = fc.array(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(weights, (given) => {
        const parts = portions(given);
        const total = given.reduce((sum, weight) => sum + weight, 0);
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0),
          wholeMillion,
        );
        for (const [index, part] of parts.entries()) {
          assert.ok(part >= 1);
          const exact = ((given[index] ?? 0) / total) * wholeMillion;
          assert.ok(Math.abs(part - exact) <= given.length, `${part} for ${exact}`);
        }
      }),
    );
  });
});
