// 2,000 random mutations of the manifests folder while requests run, on the program as users run it. A run is repeated by
// its seed, which its name shows: MAESH_TEST_SEED=… node --test test/system/mutations.test.ts

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runMutations, type MutationReport } from '../kit/mutations/run.ts';

const given = process.env['MAESH_TEST_SEED'];
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);

describe(`a mesh whose folder changes 2,000 times (seed ${seed})`, () => {
  let report: MutationReport;

  before(async () => {
    report = await runMutations({
      seed,
      count: 2_000,
      checkEvery: 200,
      addressRange: '127.90.0.0/16',
      backendNet: '127.89.1',
    });
  });
  after((context) => {
    if (report !== undefined)
      context.diagnostic(JSON.stringify({ ...report, failures: report.failures.length }));
  });

  it('fails no request that should not fail', () => {
    assert.deepEqual(report.failures, []);
    assert.ok(report.requests > 2_000, `${report.requests} requests`);
  });

  it('has Envoy refuse nothing, hold exactly what the folder says, and answer accordingly', () => {
    assert.deepEqual(report.wrong, []);
    assert.equal(report.checks, 10);
  });

  it('never moves what was handed out to services that stay', () => {
    assert.deepEqual(report.moved, []);
  });

  it('gathers changes that come thick', () => {
    assert.ok(report.rounds <= report.edits, `${report.rounds} rounds for ${report.edits} edits`);
  });
});
