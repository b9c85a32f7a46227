import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { styleText } from 'node:util';

import { columns, streamOutput } from './output.ts';

function failing(code: string): Error {
  return Object.assign(new Error(`write ${code}`), { code });
}

describe('columns', () => {
  it('aligns all columns but the last', () => {
    assert.equal(
      columns([
        ['a', 'bb', 'ccc'],
        ['aaaa', 'b', 'c'],
      ]),
      'a     bb  ccc\naaaa  b   c\n',
    );
  });

  it('gives colours no room and leaves no blanks at the end', () => {
    const red = styleText('red', 'a', { validateStream: false });
    assert.equal(
      columns([
        [red, 'x'],
        ['bb', ''],
      ]),
      `${red}   x\nbb\n`,
    );
  });

  it('makes nothing of no rows', () => {
    assert.equal(columns([]), '');
  });
});

describe('an output', () => {
  it('writes, without colours where there is no terminal', () => {
    const stream = new PassThrough();
    const output = streamOutput(stream as unknown as NodeJS.WriteStream, assert.ifError);
    output.write(output.paint('red', 'a'));
    assert.equal(String(stream.read()), 'a');
  });

  it('drops what comes when its reader has gone away', () => {
    const stream = new PassThrough();
    const output = streamOutput(stream as unknown as NodeJS.WriteStream, assert.ifError);
    stream.emit('error', failing('EPIPE'));
    output.write('late');
    assert.equal(stream.read(), null);
  });

  it('hides no other failure of its stream', () => {
    const stream = new PassThrough();
    const failures: Error[] = [];
    streamOutput(stream as unknown as NodeJS.WriteStream, (error) => failures.push(error));
    const failure = failing('EIO');
    stream.emit('error', failure);
    assert.deepEqual(failures, [failure]);
  });
});
