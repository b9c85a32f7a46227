// docs/check.md against the table of checks, both ways.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { checkTable } from '../src/check/check-table.ts';

const path = join(import.meta.dirname, '..', 'docs', 'check.md');
const section = /^## (.+)$/gm;
const row = /^\| `([a-z-]+)` *\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm;

describe('docs/check.md', () => {
  it('has a row for each check, in its group and in their order, and none besides', async () => {
    const document = await readFile(path, 'utf8');
    const headings = [...document.matchAll(section)];
    const documented = [...document.matchAll(row)].map((found) => {
      const [, name = '', title = ''] = found;
      return [name, headings.findLast(({ index }) => index < found.index)?.[1], title.trim()];
    });
    const checks = Object.entries(checkTable).map(([name, { group, title }]) => [name, group, title]);
    assert.deepEqual(documented, checks);
  });

  it('says of each why it may not be so, and what to do', async () => {
    const document = await readFile(path, 'utf8');
    for (const [, name, , cause = '', advice = ''] of document.matchAll(row)) {
      assert.match(cause.trim(), /^[A-Z].*\.$/, name);
      assert.match(advice.trim(), /^([A-Z]|`).*\.$/, name);
    }
  });
});
