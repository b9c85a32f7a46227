import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { AcknowledgedVersion } from './acknowledged-version.ts';

describe('AcknowledgedVersion', () => {
  it('is what the newest snapshot was made of that all proxies have acknowledged', () => {
    const acknowledged = new AcknowledgedVersion();
    acknowledged.built('5', 1);
    assert.equal(acknowledged.version, undefined);
    acknowledged.settled(1);
    assert.equal(acknowledged.version, '5');
    acknowledged.built('6', 2);
    acknowledged.built('7', 3);
    acknowledged.settled(1);
    assert.equal(acknowledged.version, '5');
    acknowledged.settled(3);
    assert.equal(acknowledged.version, '7');
  });

  it('is the version of before where nothing was published for another', () => {
    const acknowledged = new AcknowledgedVersion();
    acknowledged.built('5', 1);
    acknowledged.settled(1);
    acknowledged.built('6', 1);
    acknowledged.settled(1);
    assert.equal(acknowledged.version, '6');
  });

  it('is never newer than what is acknowledged, and the newest when everything is', () => {
    const step = fc.record({
      isPublished: fc.boolean(),
      isNew: fc.boolean(),
      settles: fc.option(fc.nat(20)),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const acknowledged = new AcknowledgedVersion();
        /** The snapshot of each version, by the version. */
        const sequences = [1];
        let sequence = 1;
        let settled = 0;
        acknowledged.built('0', sequence);
        for (const { isPublished, isNew, settles } of steps) {
          if (isPublished) sequence += 1;
          if (isNew) sequences.push(sequence);
          acknowledged.built(String(sequences.length - 1), sequence);
          if (settles !== null) settled = Math.max(settled, Math.min(settles, sequence));
          acknowledged.settled(settled);
          const { version } = acknowledged;
          if (version === undefined) assert.equal(settled, 0);
          else assert.ok((sequences[Number(version)] ?? Infinity) <= settled);
        }
        acknowledged.settled(sequence);
        assert.equal(acknowledged.version, String(sequences.length - 1));
      }),
    );
  });
});
