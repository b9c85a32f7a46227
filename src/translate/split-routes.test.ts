import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { splitMatches } from './split-routes.ts';

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
