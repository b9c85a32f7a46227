// What the chart makes of a dozen values files. That of `default` is whole; of the others it is on record what differs from it.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { chart, helm, render, titleOf } from '../kit/chart.ts';
import { readChartCases } from '../kit/chart-cases.ts';
import { difference } from '../kit/difference.ts';
import { matchGolden } from '../kit/golden/cases.ts';
import { plain, type Plain } from '../kit/golden/plain.ts';

const cases = await readChartCases();

describe('the chart', () => {
  let usual: Plain;
  before(async () => (usual = await manifests({})));

  it('passes helm lint', async () => {
    const { code, stdout, stderr } = await helm(['lint', '--strict', chart]);
    assert.equal(code, 0, stdout + stderr);
  });

  for (const golden of cases) {
    it(`makes what is on record of the values ${golden.name}`, async () => {
      const made = await manifests(golden.values);
      await matchGolden(golden, 'manifests.yaml', golden.name === 'default' ? made : difference(usual, made));
    });
  }
});

/** What the chart makes, by kind and name. */
async function manifests(values: object): Promise<Plain> {
  const objects = await render({ values });
  const made = new Map(objects.map((object) => [titleOf(object), object]));
  assert.equal(made.size, objects.length, 'something is made twice');
  return plain(made);
}
