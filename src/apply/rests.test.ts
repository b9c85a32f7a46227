import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { Rests, type RestRecord } from './rests.ts';

const restMs = 30_000;
const record = (resourceVersion: string, ...resting: readonly string[]): RestRecord => ({
  resourceVersion,
  resting,
});

function start(): { readonly clock: FakeClock; readonly rests: Rests } {
  const clock = new FakeClock();
  return { clock, rests: new Rests(clock, restMs) };
}

describe('Rests', () => {
  it('are over some time after proxies have acknowledged the version by which they began', () => {
    const { clock, rests } = start();
    rests.see(record('10', '5000'));
    clock.advance(2 * restMs);
    rests.settled('9');
    clock.advance(2 * restMs);
    assert.equal(rests.isOver('5000'), false);
    rests.settled('10');
    clock.advance(restMs - 1);
    rests.settled('11');
    assert.equal(rests.isOver('5000'), false);
    clock.advance(1);
    assert.equal(rests.isOver('5000'), true);
    assert.equal(rests.isOver('5001'), false);
  });

  it('begin each with the version that said so first, whatever comes after', () => {
    const { clock, rests } = start();
    rests.see(record('10', '5000'));
    rests.see(record('100', '5000', '5001'));
    rests.settled('99');
    clock.advance(restMs);
    assert.equal(rests.isOver('5000'), true);
    assert.equal(rests.isOver('5001'), false);
  });

  it('are told once, and forgotten when the port is off the record', () => {
    const { clock, rests } = start();
    rests.see(record('10', '5000'));
    rests.settled('10');
    clock.advance(restMs);
    assert.deepEqual(rests.takeOver(), ['5000']);
    assert.deepEqual(rests.takeOver(), []);
    assert.equal(rests.isOver('5000'), true);
    rests.see(record('11'));
    assert.ok(rests.isEmpty);
    rests.see(record('12', '5000'));
    rests.settled('11');
    clock.advance(restMs);
    assert.equal(rests.isOver('5000'), false, 'it rests anew');
  });

  it('go on where versions have no order', () => {
    const { clock, rests } = start();
    rests.see(record('a', '5000'));
    rests.settled('b');
    clock.advance(restMs);
    assert.equal(rests.isOver('5000'), false);
    rests.settled('a');
    clock.advance(restMs);
    assert.equal(rests.isOver('5000'), true);
  });
});
