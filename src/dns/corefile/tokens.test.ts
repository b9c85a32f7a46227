import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { tokensOf } from './tokens.ts';

const words = (text: string): string[] => tokensOf(text).map(({ text }) => text);

suite('tokensOf()', () => {
  test('splits at white space, as Go has it', () => {
    assert.deepEqual(words('a b\tc\u00a0d\u0085e\u3000f\n\n g'), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    assert.deepEqual(words('a\uFEFFb'), ['a\uFEFFb']);
  });

  test('skips a byte order mark and carriage returns', () => {
    assert.deepEqual(words('\uFEFFa\r\nb\rc'), ['a', 'bc']);
  });

  test('takes quotes only at the beginning of a word, and escapes nothing but them', () => {
    assert.deepEqual(words('"a b" c"d "" "\\"\\n\\\\" e'), ['a b', 'c"d', '', '"\\n\\\\', 'e']);
    assert.deepEqual(words('"goes on'), ['goes on']);
  });

  test('skips comments, which end with the line, or at white space where they began in a word', () => {
    assert.deepEqual(words('# a "b {\nc #d\ne#f g\n#'), ['c', 'e', 'g']);
  });

  test('ends a quote with the text, and then escapes nothing', () => {
    assert.deepEqual(words('a "b c\\'), ['a', 'b c']);
    assert.deepEqual(words('a "\\'), ['a']);
  });

  test('says where words are, and which begin a line', () => {
    const text = 'a "b\nc" d\n  e';
    const tokens = tokensOf(text);
    assert.deepEqual(
      tokens.map(({ start, end }) => text.slice(start, end)),
      ['a', '"b\nc"', 'd', 'e'],
    );
    assert.deepEqual(
      tokens.map(({ line }) => line),
      [1, 1, 2, 3],
    );
    assert.deepEqual(
      tokens.map(({ startsLine }) => startsLine),
      [true, false, false, true],
    );
  });
});
