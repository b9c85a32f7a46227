import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { appendMarked, hasMarks, marked, withoutMarked } from './marks.ts';

const block = marked('maesh:53 {\n    rewrite name regex (.*) maesh-{1}-6d61657368-x\n}\n');
const originals = [
  '#### Begin Maesh Block\nmaesh:53 {\n    errors\n    forward . 10.0.0.1\n}\n#### End Maesh Block\n',
  '#### Begin Traefik Mesh Block\ntraefik.mesh:53 {\n    errors\n}\n#### End Traefik Mesh Block\n',
];

suite('withoutMarked()', () => {
  test('leaves what appendMarked() was given, with a line break at its end or without', () => {
    for (const text of ['', '\n', 'a {\n}', 'a {\n}\n', 'a {\n}\n\n', 'a {\r\n}\r\n'])
      assert.equal(withoutMarked(appendMarked(text, block)), text, JSON.stringify(text));
  });

  test('takes the blocks of the original, with the empty line that it put before each', () => {
    const text = 'a {\n}\n';
    assert.equal(withoutMarked(`${text}\n${originals.join('\n')}`), text);
    assert.equal(withoutMarked(`${text}${originals.join('')}b {\n}\n`), `${text}b {\n}\n`);
  });

  test('takes marks that are indented or end as Windows has it', () => {
    const [original = ''] = originals;
    assert.equal(withoutMarked(original.replaceAll(/^/gm, '    ')), '    ');
    assert.equal(withoutMarked(original.replaceAll('\n', '\r\n')), '');
  });

  test('takes only a server block of a mesh where the end mark is missing', () => {
    const withoutEnd = block.replace('#### End Maesh Block\n', '');
    const after = '# Mine\nb {\n}\n';
    assert.equal(withoutMarked(withoutEnd + after), after);
    assert.equal(withoutMarked(withoutEnd + originals.join('') + after), after);
    assert.equal(withoutMarked(`#### Begin Maesh Block\n${after}`), after);
    const two = marked('a:53 {\n rewrite -6d61657368-\n}\nb:53 {\n rewrite -6d61657368- {\n }\n}\n');
    assert.equal(withoutMarked(two.replace('#### End Maesh Block\n', '') + after), after);
    // One that hands names on may be anybody's.
    const relay = 'maesh:53 {\n forward . 10.0.0.1\n}\n';
    assert.equal(withoutMarked(marked(relay).replace('#### End Maesh Block\n', '') + after), relay + after);
    // One that is broken is nobody's for sure.
    const broken = 'maesh:53 {\n rewrite -6d61657368- {\n';
    assert.equal(withoutMarked(`#### Begin Maesh Block\n${broken}${after}`), broken + after);
  });

  test('takes an end mark that has lost its beginning', () => {
    assert.equal(withoutMarked('a {\n}\n#### End Maesh Block\nb {\n}\n'), 'a {\n}\nb {\n}\n');
  });
});

test('hasMarks() sees the marks of both', () => {
  assert.ok([block, ...originals, '#### End Traefik Mesh Block'].every(hasMarks));
  assert.ok(!hasMarks('a {\n # Begin Maesh Block\n}\n'));
});
