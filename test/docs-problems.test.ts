// docs/problems.md against the table of problem codes, both ways.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { problemCodes } from '../src/model/problem-codes.ts';

const path = join(import.meta.dirname, '..', 'docs', 'problems.md');
const row = /^\| `(MAESH_\w+)` *\| ([^|]+) \| ([^|]+) \|$/gm;

describe('docs/problems.md', () => {
  it('has a row for each code, saying what the table of codes says, and none besides', async () => {
    const document = await readFile(path, 'utf8');
    const documented = [...document.matchAll(row)].map(([, code = '', meaning = '']) => [
      code,
      meaning.trim(),
    ]);
    assert.deepEqual(new Map(documented as [string, string][]), new Map(Object.entries(problemCodes)));
    assert.equal(documented.length, Object.keys(problemCodes).length);
  });

  it('says of each code what to do', async () => {
    const document = await readFile(path, 'utf8');
    for (const [, code, , advice = ''] of document.matchAll(row)) {
      assert.match(advice.trim(), /^[A-Z].*\.$/, code);
    }
  });
});

describe('the table of problem codes', () => {
  it('names every code MAESH_<AREA>_<WHAT>', () => {
    for (const code of Object.keys(problemCodes)) assert.match(code, /^MAESH(_[A-Z]+){2,}$/);
  });
});
