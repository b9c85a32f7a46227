// docs/differences.md against the table of known differences that the differential test goes by.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';

import { knownDifferences } from './kit/differential/known-differences.ts';

it('docs/differences.md has a row for each known difference, whole, and none besides', async () => {
  const document = await readFile(join(import.meta.dirname, '..', 'docs', 'differences.md'), 'utf8');
  const rows = document
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([name = '']) => name !== 'difference' && !name.startsWith('---'));
  for (const row of rows) {
    assert.equal(row.length, 4, row[0]);
    assert.ok(!row.includes(''), row[0]);
  }
  const names = rows.map(([name]) => name);
  assert.equal(names.length, knownDifferences.length);
  assert.deepEqual(new Set(names), new Set(knownDifferences.map(({ name }) => name)));
});
