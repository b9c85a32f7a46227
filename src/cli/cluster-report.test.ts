import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { CheckResult } from '../check/run-checks.ts';
import { jsonClusterReport, resultText, summaryText } from './cluster-report.ts';

const out = { isTerminal: false, write: () => {}, paint: (_style: unknown, text: string): string => text };
const terminal = { ...out, isTerminal: true };

const good: CheckResult = {
  name: 'server-reachable',
  status: 'ok',
  message: 'https://a',
  details: [],
  advice: undefined,
};
const bad: CheckResult = {
  name: 'controller-ready',
  status: 'error',
  message: '0 of 1 replica',
  details: ['pod a: it waits'],
  advice: 'Look.',
};

describe('resultText()', () => {
  it('has a heading for each group, and a line for each check', () => {
    assert.equal(
      resultText(good, { before: undefined, out }),
      'API server\nok      the API server answers: https://a\n',
    );
    const next: CheckResult = { ...good, name: 'server-version', status: 'warning', message: 'v1.30.0' };
    assert.equal(
      resultText(next, { before: good, out }),
      'warning its version is one that Maesh works with: v1.30.0 (server-version)\n',
    );
  });

  it('says what is wrong, why and what to do, and has signs on a terminal', () => {
    assert.equal(
      resultText(bad, { before: good, out: terminal }),
      '\nController\n✖ all its replicas are ready: 0 of 1 replica (controller-ready)\n    pod a: it waits\n  → Look.\n',
    );
  });

  it('shows twenty things, and counts the others', () => {
    const details = Array.from({ length: 23 }, (_, index) => `pod ${index}`);
    const lines = resultText({ ...bad, details }, { before: bad, out }).split('\n');
    assert.deepEqual(lines.slice(20, 22), ['    pod 19', '    and 3 more: -o json has all']);
  });
});

describe('summaryText()', () => {
  it('counts what is not well', () => {
    assert.equal(summaryText([good], out), '\n1 check: all is well\n');
    const results: readonly CheckResult[] = [
      good,
      bad,
      { ...bad, status: 'warning' },
      { ...bad, status: 'skipped' },
    ];
    assert.equal(summaryText(results, out), '\n4 checks: 1 error, 1 warning, 1 not looked at\n');
  });
});

describe('jsonClusterReport()', () => {
  it('says it all to programs, with the worst status first', () => {
    assert.deepEqual(JSON.parse(jsonClusterReport([good, bad])), {
      status: 'error',
      checks: [
        { ...good, group: 'API server', title: 'the API server answers', advice: null },
        { ...bad, group: 'Controller', title: 'all its replicas are ready' },
      ],
    });
    const status = (found: CheckResult): unknown =>
      (JSON.parse(jsonClusterReport([good, found])) as { status: unknown }).status;
    assert.deepEqual([status(good), status({ ...bad, status: 'warning' })], ['ok', 'warning']);
  });
});
