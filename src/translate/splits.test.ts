import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { PortPolicy } from '../model/policy.ts';
import { policyFilters, policyFiltersOf } from './filter-policy.ts';
import { portions, wholeMillion } from './portions.ts';
import { pathPattern, valuePattern } from './request-match.ts';
import { splitMatches } from './split-routes.ts';

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

describe('splitMatches()', () => {
  it('has fractions that add up, and none for the last backend', () => {
    const backends = [2, 1, 1].map((weight, index) => ({ key: `a/b${index}/80`, weight }));
    const found = splitMatches({ backends });
    assert.deepEqual(
      found.map(({ match }) => match.runtimeFraction?.defaultValue?.numerator),
      [500_000, 750_000, undefined],
    );
    assert.deepEqual(
      found.map(({ backend }) => backend),
      backends,
    );
  });

  it('has nothing where nothing fits', () => {
    assert.deepEqual(splitMatches({ matches: [], backends: [{ key: 'a/b/80', weight: 1 }] }), []);
  });
});

describe('regular expressions of users', () => {
  it('begin a path, with a slash before them where they have none', () => {
    assert.equal(pathPattern('/api|/web'), String.raw`(?:/api|/web)\C*`);
    assert.equal(pathPattern('^/api'), String.raw`(?:^/api)\C*`);
    assert.equal(pathPattern('api'), String.raw`/?(?:api)\C*`);
  });

  it('stand anywhere in a value', () => {
    assert.equal(valuePattern('a|b'), String.raw`\C*(?:a|b)\C*`);
  });
});

describe('policyFiltersOf()', () => {
  it('has the circuit breaker also for a backend that has one', () => {
    const policy: PortPolicy = {
      circuitBreaker: { kind: 'comparison', measure: { kind: 'network-errors' }, operator: '>', value: 0.5 },
    };
    const splits = [{ backends: [{ key: 'a/b/80', weight: 1, policy }] }];
    assert.equal(policyFiltersOf({ splits }), policyFilters);
    assert.notEqual(policyFiltersOf({}), policyFilters);
  });
});
