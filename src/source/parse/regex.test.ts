import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { regexMistake } from './regex.ts';

describe('regexMistake()', () => {
  it('finds nothing wrong with what RE2 takes', () => {
    const fine = [
      '',
      '.*',
      '/api/v[0-9]+',
      '(?i)firefox',
      '^(.*?;)?(type=insider)(;.*)?$',
      'é',
      '[[:word:]]',
    ];
    for (const text of [...fine, String.raw`\pL\x{FF}\\x{100}`, 'a{900}', '\u{1F600}+']) {
      assert.equal(regexMistake(text), undefined, text);
    }
  });

  it('says what RE2 does not take', () => {
    assert.equal(regexMistake('('), 'missing closing ): `(`');
    for (const text of ['(?=a)', '(?<=a)b', String.raw`\1`, 'a**', '[z-a]', '\\', 'a{1001}', 'a)|(b']) {
      assert.notEqual(regexMistake(text), undefined, text);
    }
  });

  it('refuses what would swallow the rest of a larger expression', () => {
    assert.notEqual(regexMistake(String.raw`\Qa`), undefined);
    assert.equal(regexMistake(String.raw`\Qa\E`), undefined);
  });

  it('refuses characters beyond bytes, of which proxies know nothing', () => {
    assert.match(regexMistake(String.raw`a\x{10FFFF}`) ?? '', /^\\x\{10FFFF\} is more than a byte/u);
  });

  it('refuses what is too long or too large, at once', () => {
    assert.match(regexMistake('a'.repeat(2_001)) ?? '', /longer than 2000/u);
    assert.match(regexMistake('(a|b){1000}') ?? '', /more than 1000/u);
    for (const text of ['((a{100}){100}){100}', `${'('.repeat(900)}${')'.repeat(900)}{1000}`]) {
      assert.notEqual(regexMistake(text), undefined);
    }
  });
});
