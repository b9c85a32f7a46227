// docs/metrics.md against the table of metrics, both ways, in the order of the table.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { metricTable } from '../src/serve/http/metric-table.ts';

const path = join(import.meta.dirname, '..', 'docs', 'metrics.md');
const row = /^\| `(maesh_\w+)` *\| (\w+) *\| ([^|]*)\| ([^|]*)\|$/gm;

describe('docs/metrics.md', () => {
  it('says of each metric what the table of metrics says, and has none besides', async () => {
    const document = await readFile(path, 'utf8');
    const documented = [...document.matchAll(row)].map(([, name, type, labels = '', help = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      help: help.trim(),
    }));
    assert.deepEqual(documented, Object.values(metricTable));
  });

  it('names no metric of Maesh that there is not', async () => {
    const document = await readFile(path, 'utf8');
    const names = new Set(Object.values(metricTable).map(({ name }) => name));
    const unknown = [...document.matchAll(/maesh_\w+/g)]
      .map(([name]) => name.replace(/_bucket$/, ''))
      .filter((name) => !names.has(name));
    assert.deepEqual(unknown, []);
  });

  it('says which values each label has', async () => {
    const document = await readFile(path, 'utf8');
    const documented = [...document.matchAll(/^\| `([a-z]+)` *\|/gm)].map(([, label]) => label);
    const used = new Set(Object.values(metricTable).flatMap(({ labels }) => labels));
    assert.deepEqual(new Set(documented), used);
  });
});

describe('the names of metrics', () => {
  it('are maesh_<noun>_<unit>, with the unit that their type has', () => {
    for (const { name, type } of Object.values(metricTable)) {
      assert.match(name, /^maesh(_[a-z]+)+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      if (type === 'histogram') assert.match(name, /_seconds$/);
    }
  });
});
