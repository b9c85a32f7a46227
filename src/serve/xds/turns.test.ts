import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { Turns } from './turns.ts';

interface Test {
  readonly clock: FakeClock;
  readonly turns: Turns<string>;
  /** What it has said since the last look. */
  readonly said: () => string[];
}

/** Two turns at a time, 100 ms of silence, a second at the longest. */
function makeTurns(): Test {
  const clock = new FakeClock();
  const all: string[] = [];
  const turns = new Turns<string>(
    clock,
    { count: 2, silenceMs: 100, longestMs: 1000 },
    { given: (key) => all.push(key), due: () => all.push('due') },
  );
  return { clock, turns, said: () => all.splice(0) };
}

describe('Turns', () => {
  it('are given to so many at a time, and then in the order in which they were asked for', () => {
    const { turns, said } = makeTurns();
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'c', 'a'].map((key) => turns.ask(key)),
      [true, true, false, false, false, true],
    );
    assert.deepEqual(said(), []);
    turns.end('b');
    assert.deepEqual(said(), ['c']);
    assert.equal(turns.ask('c'), true);
    turns.end('a');
    turns.end('c');
    assert.deepEqual(said(), ['d']);
  });

  it('are not kept for those that are gone', () => {
    const { turns, said } = makeTurns();
    for (const key of ['a', 'b', 'c', 'd']) turns.ask(key);
    turns.end('c');
    turns.end('a');
    assert.deepEqual(said(), ['d']);
    turns.end('b');
    assert.deepEqual(said(), []);
    assert.equal(turns.ask('e'), true);
  });

  it('are taken from those that are silent when somebody waits, who are the first to go on when they speak', () => {
    const { clock, turns, said } = makeTurns();
    for (const key of ['a', 'b', 'c', 'd', 'e']) turns.ask(key);
    clock.advance(60);
    turns.heard('a');
    clock.advance(40);
    assert.deepEqual(said(), ['due']);
    turns.review();
    assert.deepEqual(said(), ['c'], 'b was silent, a was not');
    assert.equal(turns.ask('b'), false);
    turns.heard('b');
    turns.end('a');
    assert.deepEqual(said(), ['b'], 'before d, which has had none');
    turns.end('b');
    turns.end('c');
    assert.deepEqual(said(), ['d', 'e']);
  });

  it('are given in the usual order to those that had to give them up and still do not speak', () => {
    const { clock, turns, said } = makeTurns();
    for (const key of ['a', 'b', 'c', 'd', 'e']) turns.ask(key);
    clock.advance(100);
    turns.review();
    assert.deepEqual(said(), ['due', 'c', 'd']);
    assert.equal(turns.ask('a'), false);
    turns.end('c');
    turns.end('d');
    assert.deepEqual(said(), ['e', 'a']);
  });

  it('last so long at most, however much is heard, when somebody waits', () => {
    const { clock, turns, said } = makeTurns();
    for (const key of ['a', 'b', 'c']) turns.ask(key);
    for (let ms = 0; ms < 1000; ms += 50) {
      clock.advance(50);
      for (const key of ['a', 'b']) turns.heard(key);
      turns.review();
    }
    assert.deepEqual(
      said().filter((one) => one !== 'due'),
      ['c'],
    );
    turns.heard('a');
    assert.equal(turns.ask('a'), false, 'b and c have theirs');
  });

  it('are kept while nobody waits for them, however long', () => {
    const { clock, turns, said } = makeTurns();
    for (const key of ['a', 'b']) turns.ask(key);
    clock.advance(1000);
    turns.review();
    assert.equal(clock.waiting, 0);
    assert.deepEqual([turns.ask('a'), turns.ask('b'), turns.ask('c')], [true, true, false]);
    clock.advance(0);
    assert.deepEqual(said(), ['due']);
    turns.review();
    assert.deepEqual(said(), ['c']);
  });

  it('leave no timer behind', () => {
    const { clock, turns } = makeTurns();
    for (const key of ['a', 'b', 'c']) turns.ask(key);
    assert.equal(clock.waiting, 1);
    turns.end('c');
    assert.equal(clock.waiting, 0);
    turns.ask('c');
    turns.close();
    assert.equal(clock.waiting, 0);
  });
});
