import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { canonicalFlags } from './flags.ts';
import { settings } from './settings.ts';

function canonical(...args: string[]): readonly string[] {
  return canonicalFlags(args, settings.standalone);
}

describe('canonicalFlags', () => {
  it('takes one dash or two, and any case', () => {
    for (const flag of ['--httpPort', '-httpPort', '--HTTPPORT', '-httpport']) {
      assert.deepEqual(canonical(flag, '80'), ['--httpPort=80'], flag);
    }
  });

  it('takes the value behind = or in the next argument', () => {
    assert.deepEqual(canonical('--dir=a', '-f', 'b', '--dir', '-'), ['--dir=a', '--dir=b', '--dir=-']);
  });

  it('takes an empty value, and one that holds an equals sign or a line feed', () => {
    assert.deepEqual(canonical('--apiHost=', '--dir', 'a=b', '--dir=a\nb'), [
      '--apiHost=',
      '--dir=a=b',
      '--dir=a\nb',
    ]);
  });

  it('takes a switch without a value, and with one behind =', () => {
    assert.deepEqual(canonical('--debug', '--debug=false', '-DEBUG'), [
      '--debug=true',
      '--debug=false',
      '--debug=true',
    ]);
  });

  it('leaves what follows a switch alone', () => {
    assert.deepEqual(canonical('--debug', 'false'), ['--debug=true', 'false']);
  });

  it('knows every way to ask for help', () => {
    for (const flag of ['-h', '--help', '-help', '--HELP'])
      assert.deepEqual(canonical(flag), ['--help'], flag);
  });

  it('leaves flags that nobody knows for the parser to complain about', () => {
    assert.deepEqual(canonical('-nope', 'x', '--nope=1', '-x'), ['--nope', 'x', '--nope=1', '-x']);
  });

  it('leaves a flag without its value for the parser to complain about', () => {
    assert.deepEqual(canonical('--dir'), ['--dir']);
  });

  it('leaves everything behind two dashes, and what is no flag', () => {
    assert.deepEqual(canonical('x', '-', '-1', '--', '--httpport', '1'), [
      'x',
      '-',
      '-1',
      '--',
      '--httpport',
      '1',
    ]);
  });
});
