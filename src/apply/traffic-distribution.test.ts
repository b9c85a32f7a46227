import assert from 'node:assert/strict';
import { it } from 'node:test';

import { trafficDistributionOf } from './traffic-distribution.ts';

it('prefers the nearest proxy as far as the server knows how', () => {
  const of = (major: number, minor: number): unknown => trafficDistributionOf({ major, minor });
  assert.deepEqual(
    [of(1, 0), of(1, 30), of(1, 31), of(1, 33), of(1, 34), of(1, 40), of(2, 0), of(0, 99)],
    [
      undefined,
      undefined,
      'PreferClose',
      'PreferClose',
      'PreferSameNode',
      'PreferSameNode',
      'PreferSameNode',
      undefined,
    ],
  );
});
