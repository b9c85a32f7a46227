import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { Gate } from './gate.ts';

describe('Gate', () => {
  it('is open for who waits for nothing', () => {
    const gate = new Gate(new FakeClock(), 100);
    assert.equal(gate.ask(undefined), 'open');
    assert.equal(gate.deadline, undefined);
  });

  it('is closed until patience runs out, says so once, and is open then', () => {
    const clock = new FakeClock();
    const gate = new Gate(clock, 100);
    assert.equal(gate.ask('a'), 'closed');
    assert.equal(gate.deadline, 100);
    clock.advance(99);
    assert.equal(gate.ask('b'), 'closed');
    clock.advance(1);
    assert.equal(gate.ask('b'), 'out of patience');
    assert.equal(gate.ask('b'), 'open');
    assert.equal(gate.deadline, undefined);
    assert.equal(gate.ask(undefined), 'open');
    assert.equal(gate.ask('c'), 'closed', 'another wait');
  });

  it('has patience anew with progress, while it waits', () => {
    const clock = new FakeClock();
    const gate = new Gate(clock, 100);
    gate.extend();
    assert.equal(gate.deadline, undefined);
    gate.ask('a');
    clock.advance(60);
    gate.extend();
    clock.advance(60);
    assert.equal(gate.ask('a'), 'closed');
    clock.advance(40);
    assert.equal(gate.ask('a'), 'out of patience');
  });
});
