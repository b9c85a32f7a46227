import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeText } from './decode.ts';
import { readDocument } from './document.ts';

function valueOf(text: string): unknown {
  const document = readDocument(text);
  assert.ok('value' in document, JSON.stringify(document));
  return document.value;
}

function reasonOf(text: string): { reason: string; line: number } {
  const document = readDocument(text);
  assert.ok('reason' in document, JSON.stringify(document));
  return document;
}

describe('readDocument()', () => {
  it('reads YAML as kubectl does: booleans and merge keys of 1.1, numbers of 1.2, times as text', () => {
    assert.deepEqual(valueOf('{a: yes, b: off, c: 0x10, d: 1_0, e: 2026-11-02, f: 12:30, g: ~}'), {
      a: true,
      b: false,
      c: 16,
      d: '1_0',
      e: '2026-11-02',
      f: '12:30',
      g: null,
    });
    assert.deepEqual(valueOf('base: &b {a: 1}\nmore: {<<: *b, c: 2}'), {
      base: { a: 1 },
      more: { a: 1, c: 2 },
    });
  });

  it('reads JSON, tabs included, and YAML that only begins like it', () => {
    assert.deepEqual(valueOf('\n{\t"a": [1, "x"]}\n'), { a: [1, 'x'] });
    assert.deepEqual(valueOf('{a: 1}'), { a: 1 });
  });

  it('finds nothing in comments and markers', () => {
    for (const text of ['', ' \n', '# a', '---', '--- # a\n# b\n', '---\n...', '...\n', '\n# a\n---\n# b']) {
      assert.equal(valueOf(text), null, text);
    }
  });

  it('takes what else is marked for what it is', () => {
    assert.equal(valueOf('--- text'), 'text');
    assert.equal(valueOf('---text'), '---text');
  });

  it('says what is wrong and where', () => {
    assert.deepEqual(reasonOf('a: 1\nb: [\nc: 2\n'), { reason: 'deficient indentation', line: 3 });
    assert.deepEqual(reasonOf('a: 1\nb: 2\na: 3'), { reason: 'duplicated mapping key', line: 3 });
    assert.match(reasonOf('a:\n\tb: 1').reason, /tab characters must not be used in indentation/);
    assert.match(reasonOf('a: b\0c').reason, /null byte/);
    assert.match(reasonOf('{"a": 1').reason, /unexpected end of the stream/);
    assert.equal(reasonOf('a: 1\nb: [\n\n').line, 2);
    assert.match(reasonOf('a: *b').reason, /unidentified alias/);
    assert.match(reasonOf('a: !unknown b').reason, /unknown scalar tag/);
  });

  it('refuses aliases that stand for more than a document can mean, and values that hold themselves', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    const bomb = [`l0: &l0 [${'x,'.repeat(9)}]`, ...levels].join('\n');
    assert.match(reasonOf(bomb).reason, /aliases stand for more than 1000000 values/);
    assert.match(reasonOf('a: &a [*a]').reason, /aliases stand for more than 1000000 values/);
    assert.match(reasonOf(`a: &a x\nb: [${'*a,'.repeat(2_000)}]`).reason, /aliases exceeded/);
  });

  it('refuses nesting without end, however it is written', () => {
    assert.match(reasonOf('['.repeat(100_000)).reason, /nesting exceeded/);
    assert.match(reasonOf('{"a":'.repeat(100_000)).reason, /nesting exceeded/);
    assert.ok('value' in readDocument(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`));
  });
});

describe('decodeText()', () => {
  it('reads UTF-8 and marked UTF-16, without their byte order marks', () => {
    assert.equal(decodeText(Buffer.from('\uFEFFa: ö', 'utf8')), 'a: ö');
    const utf16 = Buffer.from('\uFEFFa: ö', 'utf16le');
    assert.equal(decodeText(utf16), 'a: ö');
    assert.equal(decodeText(Buffer.from(utf16).swap16()), 'a: ö');
    assert.equal(decodeText(new Uint8Array()), '');
  });

  it('refuses bytes that are no text', () => {
    assert.equal(decodeText(Buffer.from([0x61, 0xff, 0x62])), undefined);
    assert.equal(decodeText(Buffer.from([0xc3])), undefined);
    assert.equal(decodeText(Buffer.from([0xff, 0xfe, 0x00])), undefined);
  });
});
