import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { silentLog } from '../runtime/log.ts';
import { Moves, runMoves } from './moves.ts';
import type { ShadowPort } from './shadow.ts';

const move = { from: 5000, to: 5021 };
const at = (meshPort: number, moving: ShadowPort['move'] = move): ShadowPort => ({
  name: 'web',
  port: 80,
  protocol: 'TCP',
  meshPort,
  move: moving,
});

function start(): { readonly clock: FakeClock; readonly moves: Moves } {
  const clock = new FakeClock();
  const moves = new Moves(clock, { lookMs: 10, batch: 2, settleMs: 100, leaveMs: 1_000 });
  return { clock, moves };
}

const see = (moves: Moves, name: string, given: { version?: string; ports?: readonly ShadowPort[] } = {}) =>
  moves.see({ name, resourceVersion: given.version ?? '7', ports: given.ports ?? [at(5000)] });

describe('Moves', () => {
  it('lets callers be sent to the new port a while after all proxies have acknowledged that it is on record', () => {
    const { clock, moves } = start();
    see(moves, 'shop');
    moves.settled('6');
    clock.advance(1_000);
    assert.deepEqual(moves.takeTurns(), []);
    moves.settled('7');
    clock.advance(99);
    assert.deepEqual(moves.takeTurns(), []);
    assert.equal(moves.maySwitch('shop'), false);
    clock.advance(1);
    assert.deepEqual(moves.takeTurns(), ['shop']);
    assert.equal(moves.maySwitch('shop'), true);
    assert.deepEqual(moves.takeTurns(), [], 'once');
  });

  it('counts from the first version that says so, and anew where something else moves', () => {
    const { clock, moves } = start();
    see(moves, 'shop');
    see(moves, 'shop', { version: '9' });
    moves.settled('7');
    clock.advance(100);
    assert.deepEqual(moves.takeTurns(), ['shop']);
    see(moves, 'shop', { version: '11', ports: [at(5000, { from: 5000, to: 5022 })] });
    assert.equal(moves.maySwitch('shop'), false);
    moves.settled('10');
    clock.advance(1_000);
    assert.deepEqual(moves.takeTurns(), []);
    see(moves, 'shop', { version: 'unknown', ports: [] });
    assert.equal(moves.isEmpty, true);
  });

  it('never passes a version that has no order', () => {
    const { clock, moves } = start();
    see(moves, 'shop', { version: 'abc' });
    moves.settled('9');
    clock.advance(1_000);
    assert.deepEqual(moves.takeTurns(), []);
  });

  it('lets only so many have their turn at once', () => {
    const { clock, moves } = start();
    for (const name of ['a', 'b', 'c']) see(moves, name);
    moves.settled('7');
    clock.advance(100);
    assert.deepEqual(moves.takeTurns(), ['a', 'b']);
    assert.deepEqual(moves.takeTurns(), ['c']);
  });

  it('lets a move end when callers have been sent to the old port no more for long enough', () => {
    const { clock, moves } = start();
    const shared = (isLeft: boolean) => moves.share(new Map([[5000, { port: 5000, isLeft }]]));
    for (const name of ['a', 'b', 'c']) see(moves, name, { ports: [at(5021)] });
    shared(false);
    clock.advance(2_000);
    assert.equal(moves.isDeserted(5000), false);
    shared(true);
    clock.advance(600);
    // A service that is sent there again begins it all anew.
    shared(false);
    shared(true);
    clock.advance(999);
    assert.deepEqual(moves.takeTurns(), []);
    clock.advance(1);
    assert.equal(moves.isDeserted(5000), true);
    assert.deepEqual(moves.takeTurns(), ['a', 'b']);
    assert.deepEqual(moves.takeTurns(), ['c']);
    assert.deepEqual(moves.takeTurns(), [], 'once');
    see(moves, 'b', { version: '8', ports: [at(5021)] });
    assert.deepEqual(moves.takeTurns(), ['b'], 'again where it has become another meanwhile');
    for (const name of ['a', 'b', 'c']) see(moves, name, { ports: [] });
    assert.equal(moves.isEmpty, true);
  });
});

describe('runMoves()', () => {
  it('asks for nothing while nothing moves, and goes on where nobody knows how far proxies are', async () => {
    const { clock, moves } = start();
    const end = new AbortController();
    const turns: string[] = [];
    let asked = 0;
    const known: { version?: string; proxies?: boolean } = {};
    const running = runMoves(moves, {
      acknowledged: () => {
        asked += 1;
        return Promise.resolve(known.version);
      },
      areProxiesKnown: () => known.proxies !== false,
      onTurn: (name) => turns.push(name),
      log: silentLog,
      clock,
      signal: end.signal,
    });
    const look = async (): Promise<void> => {
      clock.advance(100);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    };
    await look();
    assert.equal(asked, 0);
    see(moves, 'shop');
    await look();
    assert.equal(asked, 1);
    known.version = '7';
    known.proxies = false;
    await look();
    await look();
    assert.deepEqual(turns, [], 'while callers may be sent to others');
    known.proxies = true;
    await look();
    assert.deepEqual(turns, []);
    await look();
    assert.deepEqual(turns, ['shop']);
    end.abort();
    await running;
  });
});
