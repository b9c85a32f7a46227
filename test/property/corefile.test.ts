// Corefiles of every shape: what the mesh adds goes without a trace, and nothing else is touched.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';

import { check } from '../../src/dns/corefile/check.ts';
import { hasMarks } from '../../src/dns/corefile/marks.ts';
import { patchCorefile, restoreCorefile } from '../../src/dns/corefile/patch.ts';
import { usualMesh } from '../kit/dns/corefile-cases.ts';

/** What Corefiles are made of, and what they are broken with. */
const piece = fc.oneof(
  fc.constantFrom('{', '}', '"', '\\', '#', ',', ' ', '\t', '\n', '\r\n', '\u0085', '\uFEFF'),
  fc.constantFrom('.:53', 'cluster.local', 'maesh:53', 'dns://.', '(usual)', 'import usual', '{$ZONE}'),
  fc.constantFrom(
    'kubernetes cluster.local',
    'forward . 10.0.0.1',
    'bind 10.0.0.1',
    'cache',
    'errors',
    'whoami',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);

const anyText = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

const comment = fc.stringMatching(/^[ -~]{0,30}$/).map((text) => `# ${text}\n`);
const key = fc.constantFrom('.:53', '.', 'dns://.:1053', 'cluster.local', 'example.org:53, cluster.local');
const directive = fc.constantFrom(
  'errors',
  'log . "} {\n"',
  'hosts {\n 192.0.2.1 a\n}',
  'health',
  'import usual',
  'reload',
);

/** A Corefile that CoreDNS loads, with a server block for the cluster. */
const corefile = fc
  .record({
    key,
    before: comment,
    after: comment,
    inside: fc.uniqueArray(directive),
    end: fc.constantFrom('', '\n', '\n\n', ' # end'),
  })
  .map(
    ({ key, before, after, inside, end }) =>
      `${before}(usual) {\n loadbalance\n}\n${key} {\n${after}${inside.join('\n')}\nkubernetes cluster.local\n}${end}`,
  );

/** The mesh in a Corefile; undefined where that is refused. */
function patched(text: string): string | undefined {
  const patch = patchCorefile(text, usualMesh);
  return patch.kind === 'patched' ? patch.result : undefined;
}

suite('patchCorefile() and restoreCorefile()', () => {
  test('give back every byte of a Corefile that they take', () => {
    fc.assert(
      fc.property(fc.oneof(corefile, anyText), (text) => {
        fc.pre(!hasMarks(text));
        const result = patched(text);
        assert.equal(restoreCorefile(text), text);
        if (result === undefined) return;
        assert.ok(result.startsWith(text));
        assert.equal(restoreCorefile(result), text);
        assert.equal(patched(result), result);
        assert.deepEqual(check(result), []);
      }),
    );
  });

  test('take every Corefile that CoreDNS loads and that has a server block for the cluster', () => {
    fc.assert(fc.property(corefile, (text) => assert.notEqual(patched(text), undefined)));
  });

  test('take nothing away behind a block whose end mark is lost', () => {
    const others = fc
      .tuple(corefile, comment)
      .map(([text, mark]) => text.replace('kubernetes', 'rewrite') + mark);
    fc.assert(
      fc.property(corefile, others, (text, after) => {
        const withBlock = patched(`${text.trimEnd()}\n`) ?? assert.fail('refused');
        const lost = withBlock.replace('#### End Maesh Block\n', '') + after;
        assert.equal(restoreCorefile(lost), `${text.trimEnd()}\n${after}`);
      }),
    );
  });

  test('take nothing away of two blocks in a row but the blocks', () => {
    fc.assert(
      fc.property(corefile, comment, comment, (text, between, after) => {
        const block = (patched(`${text}\n`) ?? assert.fail('refused')).slice(text.length + 1);
        assert.equal(
          restoreCorefile(`${text}\n${block}${between}${block}${after}`),
          `${text}\n${between}${after}`,
        );
      }),
    );
  });
});
