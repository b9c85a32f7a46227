import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { movesText, readMoves, recordedMoves } from './moving-ports.ts';
import type { ShadowPort } from './shadow.ts';

const port = (number: number, move?: ShadowPort['move']): ShadowPort => ({
  name: '',
  port: number,
  protocol: 'TCP',
  meshPort: 5000,
  ...(move !== undefined && { move }),
});

describe('moving ports on record', () => {
  it('are read as they are written', () => {
    const ports = [port(80, { from: 5000, to: 5021 }), port(81), port(82, { from: 5002, to: 20_000 })];
    const text = movesText(ports);
    assert.equal(text, '80=5000>5021 82=5002>20000');
    assert.deepEqual(
      readMoves(text),
      new Map([
        [80, { from: 5000, to: 5021 }],
        [82, { from: 5002, to: 20_000 }],
      ]),
    );
    assert.deepEqual(recordedMoves('store/shop', ports), [
      ['store/shop/80', { from: 5000, to: 5021 }],
      ['store/shop/82', { from: 5002, to: 20_000 }],
    ]);
  });

  it('are none where nothing moves, or where nothing of what somebody wrote is a move', () => {
    assert.equal(movesText([port(80)]), undefined);
    for (const text of [undefined, '', ' ', '80', '80=5000', '80=5000>', 'x80=1>2', '80=1>2x', '80=-1>2']) {
      assert.equal(readMoves(text).size, 0, text);
    }
    assert.equal(readMoves('nonsense 80=1>2 81=3').size, 1);
  });
});
