// docs/traffic.md against the code: each thing that can be said has a row, and each row a test that is there.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { annotationTable } from '../src/model/annotation-table.ts';

const root = join(import.meta.dirname, '..');

/** A row of a table whose last column is `shown by`. */
interface Row {
  /** Heading of the section that the table stands in. */
  readonly section: string;
  /** First cell, without its backticks. */
  readonly name: string;
  readonly cells: readonly string[];
}

async function rows(): Promise<readonly Row[]> {
  const found: Row[] = [];
  let section = '';
  let isShownBy = false;
  for (const line of (await readFile(join(root, 'docs/traffic.md'), 'utf8')).split('\n')) {
    const heading = /^##+ (.+)$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    if (!line.startsWith('|')) {
      isShownBy = false;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.at(-1) === 'shown by') isShownBy = true;
    else if (isShownBy && !/^-+$/.test(cells[0] ?? ''))
      found.push({ section, name: (cells[0] ?? '').replaceAll('`', ''), cells });
  }
  return found;
}

/** Names of the tests in a file, or of the steps in a golden case. */
async function testsIn(place: string): Promise<string> {
  const path = join(root, place);
  const isFolder = (await stat(path)).isDirectory();
  return readFile(isFolder ? join(path, 'traffic.yaml') : path, 'utf8');
}

function namesTest(source: string, name: string): boolean {
  const quoted = [`'${name.replaceAll("'", String.raw`\'`)}'`, `"${name}"`, `\`${name}\``];
  return (
    quoted.some((text) => source.includes(`it(${text}`) || source.includes(`test(${text}`)) ||
    source.split('\n').some((line) => line.trim() === `- it: ${name}`)
  );
}

describe('docs/traffic.md', () => {
  it('has a row for each annotation that the mesh knows, and for no other', async () => {
    const named = (await rows())
      .filter(({ section }) => section === 'Annotations')
      .flatMap(({ name }) => name.split(', '));
    assert.deepEqual(named.toSorted(), Object.keys(annotationTable).toSorted());
  });

  it('leaves no cell of a row empty', async () => {
    for (const { name, cells } of await rows()) assert.ok(!cells.includes(''), name);
  });

  it('names at least one test for each row, and none that is not there', async () => {
    for (const { name, cells } of await rows()) {
      const shown = [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`: "([^"]+)"/g)];
      assert.ok(shown.length > 0, `${name} names no test`);
      for (const [, place = '', test = ''] of shown) {
        assert.ok(
          namesTest(await testsIn(place), test),
          `${place} has no test "${test}", which ${name} names`,
        );
      }
    }
  });
});
