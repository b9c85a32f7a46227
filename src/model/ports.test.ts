import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { blocksLast, clusterPorts } from './ports.ts';

describe('blocksLast()', () => {
  it('puts blocks last that some ports lie in, once each', () => {
    assert.deepEqual(blocksLast([{ first: 5000, last: 7999 }], [5000, 5001, 5600]), [
      { first: 5256, last: 5511 },
      { first: 5768, last: 7999 },
      { first: 5000, last: 5255 },
      { first: 5512, last: 5767 },
    ]);
    assert.deepEqual(blocksLast(clusterPorts.http, [32_767]), [
      { first: 5000, last: 7999 },
      { first: 20_000, last: 32_543 },
      { first: 32_544, last: 32_767 },
    ]);
  });

  it('leaves ranges as they are where no port lies in them, and has no other ports than these', () => {
    assert.deepEqual(blocksLast(clusterPorts.http, [8080]), clusterPorts.http);
    assert.deepEqual(blocksLast([{ first: 5000, last: 5009 }], [5000]), [{ first: 5000, last: 5009 }]);
  });
});
