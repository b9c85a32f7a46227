import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StringPool } from './string-pool.ts';

test('intern() gives back the text that it is given, whatever it has forgotten', () => {
  const pool = new StringPool();
  for (let i = 0; i < 120_000; i++) assert.equal(pool.intern(`node-${i % 60_000}`), `node-${i % 60_000}`);
});
