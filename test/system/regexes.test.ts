// Regular expressions of users before a real Envoy: whatever is let through where they are read, Envoy takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { regexMistake } from '../../src/source/parse/regex.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubeService } from '../kit/objects.ts';
import { kubeRouteGroup, kubeSplit } from '../kit/smi-objects.ts';

const piece = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom(
    '(',
    ')',
    '(?:',
    '(?i)',
    '(?P<a>',
    '(?<b>',
    '(?s:',
    '[',
    ']',
    '[^',
    '[[:alpha:]]',
    '{2}',
    '{,3}',
    '{0,400}',
    '|',
    '*',
    '+?',
    '^',
    '$',
    '.',
    String.raw`\pL`,
    String.raw`\P{Greek}`,
    String.raw`\x{ff}`,
    String.raw`\x{100}`,
    String.raw`\Q`,
    String.raw`\E`,
    String.raw`\b`,
    String.raw`\C`,
    String.raw`\z`,
    '\\',
    'é',
    '日本',
    '-',
    '/',
    'a',
  ),
);
const random = fc.array(
  fc
    .array(piece, { maxLength: 8 })
    .map((pieces) => pieces.join(''))
    .filter((regex) => regexMistake(regex) === undefined),
  { minLength: 150, maxLength: 150 },
);

/** Some that come close to what is refused. */
const narrow = [
  '.{990}',
  String.raw`\pL{990}`,
  '(?i)[a-z]{900}',
  'x'.repeat(990),
  '(a|b|c|d){100}',
  `${'('.repeat(300)}${')'.repeat(300)}`,
  String.raw`\Q(\E`,
  String.raw`\\x{100}`,
  '(?i)ſ',
  '[^\\S\\D]',
  '(a*)*',
  '|',
  'a{',
  ']',
  '\u0000',
  '\n',
];

function manifests(regexes: readonly string[]): string {
  const matches = regexes.map((regex) => ({ pathRegex: regex, headers: [{ name: 'x', regex }] }));
  const objects = [
    kubeService(),
    kubeService({ name: 'v1' }),
    kubeSplit({ routeGroups: ['api'], backends: [{ service: 'v1', weight: 1 }] }),
    kubeRouteGroup({ matches }),
  ];
  return objects.map((object) => JSON.stringify(manifestOf(object))).join('\n---\n');
}

test('every regular expression that is let through is one that Envoy takes', async () => {
  await using mesh = await TestMesh.start({
    files: { 'input.yaml': manifests(narrow) },
    addressRange: '127.110.0.0/17',
  });
  assert.deepEqual(mesh.topology.problems, []);
  await fc.assert(
    fc.asyncProperty(random, async (some) => {
      await mesh.write({ 'input.yaml': manifests([...narrow, ...some]) });
      assert.deepEqual(mesh.topology.problems, []);
      assert.deepEqual(mesh.nacks, []);
      assert.deepEqual(await mesh.differences(), []);
    }),
    { numRuns: 10 },
  );
});
