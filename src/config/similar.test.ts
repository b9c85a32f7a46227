import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { similarWord } from './similar.ts';

const words = ['logLevel', 'logFormat', 'httpPort', 'dir', 'envoy'];

describe('similarWord', () => {
  it('finds a word with a letter changed, added, left out or swapped, in any case', () => {
    for (const typed of ['logLevl', 'loglevell', 'LOGLAVEL', 'logLevle']) {
      assert.equal(similarWord(typed, words), 'logLevel', typed);
    }
  });

  it('finds none where another word was meant', () => {
    for (const typed of ['acl', 'smi', 'verbose', '', 'x', 'dns'])
      assert.equal(similarWord(typed, words), undefined, typed);
  });

  it('takes the nearest, and the first of equals', () => {
    assert.equal(similarWord('portx', ['ports12', 'ports', 'portz']), 'ports');
  });

  it('finds every long word again after one random typing mistake', () => {
    const typo = fc.record({
      word: fc.stringMatching(/^[a-z]{5,12}$/),
      at: fc.nat(4),
      letter: fc.stringMatching(/^[a-z]$/),
      removed: fc.nat(1),
    });
    fc.assert(
      fc.property(typo, ({ word, at, letter, removed }) => {
        const typed = word.slice(0, at) + letter + word.slice(at + removed);
        assert.equal(similarWord(typed, ['0000000', word]), word);
      }),
    );
  });
});
