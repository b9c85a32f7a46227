import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { Pump } from './pump.ts';

describe('Pump', () => {
  it('does what is asked for once, in the next turn, and says when all is done', async () => {
    const done: string[] = [];
    const pump = new Pump<string>(new FakeClock(), {
      work: (item) => done.push(item),
      idle: () => done.push('idle'),
    });
    for (const item of ['a', 'b', 'a', 'gone']) pump.add(item);
    pump.delete('gone');
    assert.deepEqual(done, []);
    await nextTurn();
    assert.deepEqual(done, ['a', 'b', 'idle']);
    pump.wake();
    await nextTurn();
    assert.deepEqual(done, ['a', 'b', 'idle', 'idle']);
  });

  it('lets others have their turn when work takes long', async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    const pump = new Pump<string>(clock, {
      work: (item) => {
        done.push(item);
        clock.advance(3);
      },
      idle: () => done.push('idle'),
    });
    for (const item of ['a', 'b', 'c']) pump.add(item);
    await nextTurn();
    assert.deepEqual(done, ['a', 'b']);
    await nextTurn();
    assert.deepEqual(done, ['a', 'b', 'c', 'idle']);
  });
});
