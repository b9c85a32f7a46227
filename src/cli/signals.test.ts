import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { silentLog } from '../runtime/log.ts';
import { untilSignal } from './signals.ts';

describe('untilSignal', () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    it(`aborts at the first ${name} and ends the process at the second`, (t) => {
      const exit = t.mock.method(process, 'exit', () => undefined as never);
      const clock = new FakeClock();
      const { signal, dispose } = untilSignal(silentLog, clock);
      assert.equal(signal.aborted, false);
      process.emit(name);
      assert.equal(signal.aborted, true);
      assert.equal(exit.mock.callCount(), 0);
      clock.advance(1_000);
      process.emit('SIGTERM');
      assert.deepEqual(exit.mock.calls[0]?.arguments, [1]);
      dispose();
    });
  }

  it('takes a signal that comes at once again for the same, as npm passes on what the terminal has sent', (t) => {
    const exit = t.mock.method(process, 'exit', () => undefined as never);
    const { signal, dispose } = untilSignal(silentLog, new FakeClock());
    process.emit('SIGINT');
    process.emit('SIGINT');
    assert.equal(signal.aborted, true);
    assert.equal(exit.mock.callCount(), 0);
    dispose();
  });

  it('leaves no listener behind', () => {
    const before = process.listenerCount('SIGTERM');
    untilSignal(silentLog).dispose();
    assert.equal(process.listenerCount('SIGTERM'), before);
  });
});
