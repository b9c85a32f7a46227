import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { failure } from './kube-error.ts';
import { StateLog } from './reflector-state.ts';

const pods = { type: { group: '', version: 'v1', plural: 'pods' } };

suite('StateLog', () => {
  test('a trouble is logged when it begins, when it changes, and each minute while it lasts', () => {
    const clock = new FakeClock();
    const log = new RecordLog();
    const states = new StateLog(log, clock);
    const fail = (why: string): void => {
      const error = failure({ verb: 'watch', target: pods }, { reason: 'Unreachable', why });
      states.state({ kind: 'failing', error }, 7);
    };
    for (let second = 0; second < 150; second++) {
      fail('refused');
      clock.advance(1_000);
    }
    fail('no such host');
    assert.deepEqual(
      log.lines.map(({ level, fields }) => `${level} ${String(fields['error'])}`),
      [
        ...Array.from({ length: 3 }, () => 'warn Cannot watch pods in all namespaces: refused'),
        'warn Cannot watch pods in all namespaces: no such host',
      ],
    );
  });

  test('what is well is logged once, and again after trouble', () => {
    const log = new RecordLog();
    const states = new StateLog(log, new FakeClock());
    const error = failure({ verb: 'watch', target: pods }, { reason: 'Forbidden', why: 'not allowed' });
    states.state({ kind: 'starting' }, 0);
    for (const kind of ['synced', 'synced', 'absent', 'absent'] as const) states.state({ kind }, 1);
    states.state({ kind: 'forbidden', error }, 1);
    states.state({ kind: 'synced' }, 2);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['info', 'info', 'error', 'info'],
    );
  });
});
