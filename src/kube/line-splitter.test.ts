import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { LineSplitter, LongLineError } from './line-splitter.ts';

test('lines come out as they went in, however the bytes are cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }).map((line) => line.replaceAll('\n', ' '))),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (lines, sizes) => {
        const bytes = Buffer.from([...lines, 'rest'].join('\n'));
        const splitter = new LineSplitter(1_000);
        const out: string[] = [];
        for (let start = 0, i = 0; start < bytes.length; i++) {
          const end = start + (sizes[i % sizes.length] ?? 1);
          out.push(...splitter.push(bytes.subarray(start, end)));
          start = end;
        }
        assert.deepEqual(out, lines);
        assert.ok(splitter.isMidLine);
      },
    ),
  );
});

test('a line that does not end has a limit', () => {
  const splitter = new LineSplitter(10);
  assert.deepEqual([...splitter.push(Buffer.from('1234567890'))], []);
  assert.throws(() => [...splitter.push(Buffer.from('1'))], LongLineError);
});
