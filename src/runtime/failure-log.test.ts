import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { FailureLog } from './failure-log.ts';

const error = new Error('Connection refused');
const failure = { error, failures: 1, retryInMs: 5 };

function start(): { clock: FakeClock; log: RecordLog; failures: FailureLog<string> } {
  const clock = new FakeClock();
  const log = new RecordLog();
  return { clock, log, failures: new FailureLog({ clock, log }) };
}

function shown(log: RecordLog): string[] {
  return log.lines
    .filter(({ level }) => level !== 'debug')
    .map(({ level, fields }) => `${level} ${String(fields['key'])}`);
}

test('the first failure of a key is a warning, then there is one a minute, and one line when it succeeds', () => {
  const { clock, log, failures } = start();
  for (let second = 0; second < 150; second++) {
    failures.failed('a', failure);
    clock.advance(1_000);
  }
  failures.succeeded('a');
  failures.succeeded('a');
  failures.succeeded('b');
  assert.deepEqual(shown(log), ['warn a', 'warn a', 'warn a', 'info a']);
  assert.deepEqual(log.lines[0]?.fields, { key: 'a', ...failure });
  assert.equal(log.lines.filter(({ level }) => level === 'debug').length, 147);
});

test('a failure after a success is logged at once', () => {
  const { log, failures } = start();
  failures.failed('a', failure);
  failures.succeeded('a');
  failures.failed('a', failure);
  assert.deepEqual(shown(log), ['warn a', 'info a', 'warn a']);
});

test('a failure that is not tried again is an error', () => {
  const { log, failures } = start();
  failures.failed('a', { error, failures: 1 });
  assert.deepEqual(shown(log), ['error a']);
});

test('many keys that fail together get few lines, which say how many failures had none', () => {
  const { clock, log, failures } = start();
  for (let key = 0; key < 5_000; key++) failures.failed(`key-${key}`, failure);
  assert.equal(shown(log).length, 10);
  clock.advance(1_000);
  failures.failed('key-4999', failure);
  assert.deepEqual(shown(log).slice(10), ['warn key-4999']);
  assert.equal(log.lines.at(-1)?.fields['unlogged'], 4_990);
  clock.advance(1_000);
  failures.failed('key-4998', failure);
  assert.equal(log.lines.at(-1)?.fields['unlogged'], undefined);
});
