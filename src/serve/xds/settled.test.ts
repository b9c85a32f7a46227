import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { SettledSequences } from './settled.ts';

test('SettledSequences knows the least of all that are there', () => {
  const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(5), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const settled = new SettledSequences<string>();
      const plain = new Map<string, number>();
      for (const [key, sequence] of changes) {
        if (sequence === undefined) {
          settled.delete(key);
          plain.delete(key);
        } else {
          settled.set(key, sequence);
          plain.set(key, sequence);
        }
        assert.equal(settled.least, plain.size === 0 ? undefined : Math.min(...plain.values()));
      }
    }),
  );
});
