import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { arrayPieces, extendedPieces, listPieces, objectPieces } from './json-pieces.ts';

function parsed(pieces: Iterable<string>): unknown {
  return JSON.parse([...pieces].join(''));
}

test('objectPieces() writes what JSON.stringify() would, whatever the names', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const members = Object.entries(object).map(([name, value]) => [name, [JSON.stringify(value)]] as const);
      assert.equal([...objectPieces(members)].join(''), JSON.stringify(object));
    }),
  );
});

test('arrayPieces() writes any number of elements, a hundred a piece', () => {
  for (const length of [0, 1, 99, 100, 101, 250]) {
    const numbers = Array.from({ length }, (_, index) => index);
    const pieces = [...arrayPieces(numbers, (number) => ({ number }))];
    assert.deepEqual(
      parsed(pieces),
      numbers.map((number) => ({ number })),
    );
    assert.equal(pieces.length, Math.ceil(length / 100) + 1);
  }
});

test('listPieces() and extendedPieces() put pieces together', () => {
  const list = (count: number): Generator<string> =>
    listPieces(Array.from({ length: count }, () => objectPieces([['a', ['1']]])));
  assert.deepEqual(parsed(list(0)), []);
  assert.deepEqual(parsed(list(2)), [{ a: 1 }, { a: 1 }]);
  assert.deepEqual(parsed(extendedPieces({ own: 'x' }, ['more', list(1)])), { own: 'x', more: [{ a: 1 }] });
});
