import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { Holdoff } from './holdoff.ts';

function start(): { clock: FakeClock; holdoff: Holdoff; calls: number[] } {
  const clock = new FakeClock();
  const calls: number[] = [];
  const holdoff = new Holdoff({ clock, quietMs: 10, maxMs: 100 }, () => calls.push(clock.now()));
  return { clock, holdoff, calls };
}

describe('Holdoff', () => {
  it('acts at once on a change after a quiet time, but never from within the call', () => {
    const { clock, holdoff, calls } = start();
    holdoff.touch();
    assert.deepEqual(calls, []);
    clock.advance(0);
    assert.deepEqual(calls, [0]);
  });

  it('gathers changes that follow closely until it is quiet', () => {
    const { clock, holdoff, calls } = start();
    for (let i = 0; i < 4; i++) {
      holdoff.touch();
      clock.advance(5);
    }
    clock.advance(50);
    assert.deepEqual(calls, [0, 25]);
  });

  it('lets no change wait longer than the ceiling', () => {
    const { clock, holdoff, calls } = start();
    for (let i = 0; i < 60; i++) {
      holdoff.touch();
      clock.advance(5);
    }
    assert.deepEqual(calls, [0, 105, 205]);
  });

  it('holds back nothing that hurries, whatever comes after it', () => {
    const { clock, holdoff, calls } = start();
    holdoff.touch();
    clock.advance(1);
    holdoff.touch();
    holdoff.hurry();
    holdoff.touch();
    clock.advance(0);
    assert.deepEqual(calls, [0, 1]);
  });

  it('calls nothing after it is stopped, whatever is said then', () => {
    const { clock, holdoff, calls } = start();
    holdoff.touch();
    holdoff.stop();
    holdoff.touch();
    holdoff.hurry();
    clock.advance(1000);
    assert.deepEqual(calls, []);
    assert.equal(clock.waiting, 0);
  });

  it('acts on every change within the ceiling, for any sequence', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 80 }), (steps) => {
        const { clock, holdoff, calls } = start();
        const touched: number[] = [];
        for (const [isUrgent, pauseMs] of steps) {
          touched.push(clock.now());
          if (isUrgent) holdoff.hurry();
          else holdoff.touch();
          clock.advance(pauseMs);
        }
        clock.advance(200);
        for (const time of touched) {
          assert.ok(
            calls.some((call) => call >= time && call <= time + 100),
            `the change at ${time} was acted on`,
          );
        }
        assert.ok(calls.length <= touched.length);
      }),
    );
  });
});
