import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { isFault, readCorefile, readFirstBlock, type Corefile } from './server-blocks.ts';

function read(text: string): Corefile {
  const corefile = readCorefile(text);
  assert.ok(!isFault(corefile), JSON.stringify(corefile));
  return corefile;
}

suite('readCorefile()', () => {
  test('gives server blocks with their keys and places', () => {
    const text = '# First\na:53, b,\n  c {\n  errors\n}\nd\n{\n}\n';
    const { blocks } = read(text);
    assert.deepEqual(
      blocks.map(({ keys, line, isOpen }) => ({ keys, line, isOpen })),
      [
        { keys: ['a:53', 'b', 'c'], line: 2, isOpen: false },
        { keys: ['d'], line: 6, isOpen: false },
      ],
    );
    assert.deepEqual(
      blocks.map(({ end }) => text.slice(0, end).split('\n').length),
      [5, 8],
    );
  });

  test('gives plugins with their words and places', () => {
    const text = 'a {\n  errors\n  hosts f "g h" {\n    1.2.3.4 d {\n    }\n  } # all\n  log\n}\n';
    const [block] = read(text).blocks;
    assert.deepEqual(
      block?.directives.map(({ plugin, args, start, end }) => [plugin, args, text.slice(start, end)]),
      [
        ['errors', [], 'errors'],
        ['hosts', ['f', 'g h'], 'hosts f "g h" {\n    1.2.3.4 d {\n    }\n  }'],
        ['log', [], 'log'],
      ],
    );
  });

  test('puts snippets where they are imported, in other snippets too, and gives imported files by name', () => {
    const { blocks, imports } = read(
      '(a) {\n errors\n}\n(b) {\n import a\n log\n}\nimport x/*.server\nc {\n cache\n import b\n import y\n}\nimport z\n',
    );
    assert.deepEqual(
      blocks.map(({ keys, directives }) => [keys, directives.map(({ plugin }) => plugin)]),
      [[['c'], ['cache', 'errors', 'log']]],
    );
    assert.deepEqual(imports, ['x/*.server', 'z']);
  });

  test('reads a snippet only where it is imported, and also one of a single line', () => {
    const { blocks } = read(
      '(a) { errors }\n(b) {\n import a b c\n log {\n }\n }\nc {\n import a\n cache\n}\n',
    );
    assert.deepEqual(
      blocks.map(({ directives }) => directives.map(({ plugin, args }) => [plugin, args])),
      [
        [
          ['errors', []],
          ['cache', []],
        ],
      ],
    );
  });

  test('puts a snippet in no more often than CoreDNS does', () => {
    const doubled = Array.from(
      { length: 20 },
      (_, at) => `(s${at + 1}) {\n import s${at}\n import s${at}\n}\n`,
    );
    const text = `(s0) {\n errors\n}\n${doubled.join('')}a {\n import s20\n}\n`;
    assert.partialDeepStrictEqual(readCorefile(text), { message: 'Snippets import one another too often' });
  });

  test('takes an empty word for no zone, and the line after it for a plugin', () => {
    assert.deepEqual(
      read('""\nerrors\n}\na {\n}\n').blocks.map(({ keys }) => keys),
      [['a']],
    );
  });

  test('says that a block without braces, or without the last one, goes on', () => {
    for (const text of ['a\nerrors\nlog', 'a {\n hosts {\n }\n', '}'])
      assert.deepEqual(
        read(text).blocks.map(({ isOpen }) => isOpen),
        [true],
        text,
      );
  });

  test('gives the first fault, with its line', () => {
    const faults = {
      'a {\n log\n': [2, 'Expected }, but the Corefile ends'],
      'a {\n log }\n}': [2, 'Unexpected }'],
      'a {\n log {\n}\n errors': [4, 'Expected }, but the Corefile ends'],
      'a {\n log {\n': [2, 'Expected } after log, but the Corefile ends'],
      'a,\n{\n}': [2, 'Expected another zone after the comma'],
      'a {\n}\nb,': [3, 'Expected another zone after the comma'],
      'a {\n import\n}': [3, 'Expected a name after import'],
      '(a) {\n import b\n}\n(b) {\n import a\n}\nc {\n import a\n}': [
        5,
        'Snippets import one another too often',
      ],
      'a {\n hosts {\n import b c\n }\n}': [3, 'Expected one name after import'],
      'a {\n import b c\n}': [2, 'Expected one name after import'],
      '(a) {\n}\n(a) {\n}': [3, 'The snippet a is there twice'],
      '(a)\nerrors\n': [2, 'Expected { after (a)'],
    };
    for (const [text, [line, message]] of Object.entries(faults))
      assert.deepEqual(readCorefile(text), { line, message }, text);
  });
});

test('readFirstBlock() reads no further', () => {
  assert.deepEqual(readFirstBlock('a {\n}\nb {\n')?.keys, ['a']);
  assert.equal(readFirstBlock('a {\n'), undefined);
  assert.equal(readFirstBlock(' # nothing'), undefined);
});
