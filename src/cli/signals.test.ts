import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { silentLog } from '../runtime/log.ts';
import { untilSignal } from './signals.ts';

describe('untilSignal', () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    it(`aborts at the first ${name} and ends the process at the second`, (t) => {
      const exit = t.mock.method(process, 'exit', () => undefined as never);
      const { signal, dispose } = untilSignal(silentLog);
      assert.equal(signal.aborted, false);
      process.emit(name);
      assert.equal(signal.aborted, true);
      assert.equal(exit.mock.callCount(), 0);
      process.emit('SIGTERM');
      assert.deepEqual(exit.mock.calls[0]?.arguments, [1]);
      dispose();
    });
  }

  it('leaves no listener behind', () => {
    const before = process.listenerCount('SIGTERM');
    untilSignal(silentLog).dispose();
    assert.equal(process.listenerCount('SIGTERM'), before);
  });
});
