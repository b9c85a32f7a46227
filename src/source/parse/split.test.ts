import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { readDocument } from './document.ts';
import { splitManifest } from './split.ts';

function pieces(text: string): [line: number, text: string][] {
  return [...splitManifest(text)].map((piece) => [piece.line, piece.text]);
}

describe('splitManifest()', () => {
  it('splits a stream at document markers, and says on which line each begins', () => {
    assert.deepEqual(pieces('a: 1\n---\nb: 2\n--- # c\nc: 3\n'), [
      [1, 'a: 1\n'],
      [2, '---\nb: 2\n'],
      [4, '--- # c\nc: 3\n'],
    ]);
  });

  it('takes line ends of every system', () => {
    assert.deepEqual(pieces('a: 1\r\n---\r\nb: 2'), [
      [1, 'a: 1\r\n'],
      [2, '---\r\nb: 2'],
    ]);
    assert.deepEqual(pieces('a: 1\r---\rb: 2'), [
      [1, 'a: 1\r'],
      [2, '---\rb: 2'],
    ]);
  });

  it('does not split where a marker only seems to be', () => {
    for (const text of [
      'a: |\n  ---\n',
      '---a\n----\n',
      'a: "x --- y"\n',
      ' ---\n',
      '# ---\na: 1\n',
      '---\t\na: 1',
    ]) {
      assert.equal(pieces(text).length, 1, text);
    }
    assert.equal(pieces('a: |\n  x\u2028---\n').length, 1);
  });

  it('leaves comments and directives with the document whose marker follows', () => {
    assert.deepEqual(pieces('# about\n%YAML 1.2\n---\na: 1\n...\n# more\n%YAML 1.2\n---\nb: 2\n'), [
      [1, '# about\n%YAML 1.2\n---\na: 1\n...'],
      [5, '\n# more\n%YAML 1.2\n---\nb: 2\n'],
    ]);
  });

  it('finds nothing in white space', () => {
    assert.deepEqual(pieces(''), []);
    assert.deepEqual(pieces(' \n\n'), []);
  });

  it('splits a List as kubectl writes it into its items', () => {
    const text = 'apiVersion: v1\nitems:\n- kind: A\n  x: 1\n- kind: B\nkind: List\nmetadata:\n  a: 1\n';
    assert.deepEqual(
      [...splitManifest(text)],
      [
        { text: '- kind: A\n  x: 1\n', line: 3, isItem: true, itemType: undefined },
        { text: '- kind: B\n', line: 5, isItem: true, itemType: undefined },
      ],
    );
  });

  it('splits an indented List behind other fields, with comments between the items', () => {
    const text =
      'kind: List\nitems: # all\n\n  # first\n  - kind: A\n    list:\n      - a\n  # b\n\n  - kind: B\n';
    assert.deepEqual(pieces(text), [
      [5, '  - kind: A\n    list:\n      - a\n  # b\n\n'],
      [10, '  - kind: B\n'],
    ]);
  });

  it('tells the items of a typed list what they are', () => {
    const text = 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSliceList\nitems:\n- {}\n';
    const [piece] = splitManifest(text);
    assert.deepEqual(piece?.itemType, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' });
  });

  it('leaves whole what is no List, what has anchors, and what is not in block style', () => {
    const whole = [
      'kind: Other\nitems:\n- a\n',
      'items:\n- a\n',
      'kind: List\nitems: []\n',
      'kind: List\nitems:\n',
      'kind: List\nitems:\n[a]\n',
      'kind: List\nitems:\n- &a {}\n- *a\n',
      'kind: List\nitems:\n- a\nitems:\n- b\n',
      '{"kind": "List", "items": [{}]}',
      'kind: [\nitems:\n- a\n',
    ];
    for (const text of whole) assert.deepEqual(pieces(text), [[1, text]], text);
  });

  it('takes an ampersand in a text for no anchor', () => {
    assert.equal(pieces('kind: List\nitems:\n- a: "x&y & z"\n- b: 1\n').length, 2);
  });

  it('takes as long as the text, even where it is nothing but comments and blank lines', () => {
    const started = performance.now();
    pieces(
      `${'# a # b\r\n\r\n'.repeat(100_000)}---\nkind: List\nitems:\r\n${'\r\n# a\r\n'.repeat(100_000)}x: 1\n`,
    );
    assert.ok(performance.now() - started < 5_000);
  });

  const value = fc.oneof(
    fc.dictionary(
      fc.string(),
      fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()), fc.constant(null)),
      {
        noNullPrototype: true,
      },
    ),
    fc.array(fc.string({ unit: fc.constantFrom('-', '.', '\n', ' ', 'a', ':', '#', '&', '*', '|') })),
  );
  const style = fc.record({
    lineWidth: fc.constantFrom(20, 80, -1),
    indent: fc.constantFrom(2, 4),
    seqNoIndent: fc.boolean(),
  });

  it('changes nothing: the pieces of any stream mean what the stream means', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), style, (documents, options) => {
        const text = documents.map((document) => `---\n${dump(document, options)}`).join('');
        const read = pieces(text).map(([, piece]) => readDocument(piece));
        assert.deepEqual(
          read,
          loadAll(text).map((document) => ({ value: document })),
        );
      }),
    );
  });

  it('changes nothing: the items of any List mean what the List means', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), style, (items, options) => {
        const text = dump({ apiVersion: 'v1', items, kind: 'List', metadata: { a: 'b' } }, options);
        const read = [...splitManifest(text)].map((piece) => {
          const document = readDocument(piece.text);
          assert.ok('value' in document, JSON.stringify(document));
          return document.value;
        });
        const isSplit = read.length > 1 || Array.isArray(read[0]);
        assert.deepEqual(isSplit ? read.flat(1) : read, isSplit ? items : [loadAll(text)[0]]);
      }),
    );
  });
});
