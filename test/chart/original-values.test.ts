// Every value of the original's charts does here what it did there, or is refused with what to do instead.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'yaml';

import { template } from '../kit/chart.ts';

interface OriginalValue {
  readonly value: string;
  readonly sample: unknown;
  readonly outcome: 'taken' | 'refused' | 'needless';
  readonly default?: unknown;
}

const values = parse(
  readFileSync(join(import.meta.dirname, 'original-values.yaml'), 'utf8'),
) as readonly OriginalValue[];

describe("a value of the original's charts", () => {
  let usual: string;
  let refused: ReadonlyMap<string, string>;
  before(async () => {
    usual = (await template({})).stdout;
    const { code, stderr } = await template({
      values: allOf(values.filter(isRefused), ({ sample }) => sample),
    });
    assert.equal(code, 1);
    refused = new Map(
      [...stderr.matchAll(/^ {2}([\w.]+): (.+)$/gmu)].map(([, value = '', said = '']) => [value, said]),
    );
  });

  for (const { value, sample, outcome } of values) {
    it(`${value} is ${outcome}`, async () => {
      if (outcome === 'refused') {
        const said = [...refused].find(([path]) => path === value || value.startsWith(`${path}.`))?.[1];
        assert.match(said ?? 'nothing', /^(leave it out|set|have)\b/u);
        return;
      }
      const { code, stdout, stderr } = await template({ values: nested(value, sample) });
      assert.equal(code, 0, stderr);
      assert.equal(stdout === usual, outcome === 'needless');
    });
  }

  it('is not refused where it is what it was anyway', async () => {
    const defaults = values.filter((each) => 'default' in each);
    const { code, stderr } = await template({ values: allOf(defaults, ({ default: usually }) => usually) });
    assert.equal(code, 0, stderr);
  });
});

function isRefused({ outcome }: OriginalValue): boolean {
  return outcome === 'refused';
}

function allOf(some: readonly OriginalValue[], as: (each: OriginalValue) => unknown): Tree {
  return some.map((each) => nested(each.value, as(each))).reduce(merged, {});
}

/** `a.b` as `{ a: { b: … } }`. */
function nested(path: string, value: unknown): Tree {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Tree;
}

interface Tree {
  readonly [key: string]: unknown;
}

function merged(a: Tree, b: Tree): Tree {
  const both = Object.keys(b).map((key) => [
    key,
    isTree(a[key]) && isTree(b[key]) ? merged(a[key], b[key]) : b[key],
  ]);
  return { ...a, ...(Object.fromEntries(both) as Tree) };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
