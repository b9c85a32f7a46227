// Generates .oxlintrc.json: the rules, and the layers of layers.ts as import restrictions. Run it after changing either:
// `node tools/lint-config.ts`. It is generated because a later override of the linter replaces an earlier one of the same
// rule instead of adding to it, so every folder needs all of its restrictions in one place.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { layers, pureLayers } from '../layers.ts';

/** Folders lie at most this deep in src; test/architecture.test.ts sees to it. */
export const deepestFolder = 3;

/** Text of the configuration file. */
export function lintConfig(): string {
  return `${JSON.stringify(config(), undefined, 2)}\n`;
}

const limits = {
  'max-lines': ['error', { max: 400 }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  complexity: ['error', { max: 12 }],
};

// Rules of the categories below that find more fault with good code than with bad.
const unwanted = {
  'import/no-named-as-default-member': 'off',
  'no-await-in-loop': 'off',
  'oxc/no-map-spread': 'off',
  'typescript/no-unsafe-type-assertion': 'off',
  'unicorn/consistent-function-scoping': 'off',
  'unicorn/require-post-message-target-origin': 'off',
};

const rules = {
  ...limits,
  ...unwanted,
  eqeqeq: 'error',
  'no-console': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'anywhere' }],
  'import/no-cycle': 'error',
  'import/no-default-export': 'error',
  'typescript/ban-ts-comment': 'error',
  'typescript/consistent-type-imports': 'error',
  'typescript/no-deprecated': 'error',
  'typescript/no-explicit-any': 'error',
  'typescript/no-floating-promises': [
    'error',
    // The test runner itself waits for these.
    {
      allowForKnownSafeCalls: [
        { from: 'package', package: 'node:test', name: ['test', 'suite', 'describe', 'it'] },
      ],
    },
  ],
  'typescript/no-misused-promises': 'error',
  'typescript/no-unsafe-argument': 'error',
  'typescript/no-unsafe-assignment': 'error',
  'typescript/no-unsafe-call': 'error',
  'typescript/no-unsafe-member-access': 'error',
  'typescript/no-unsafe-return': 'error',
  'typescript/only-throw-error': 'error',
  'typescript/require-array-sort-compare': 'error',
  'typescript/restrict-plus-operands': 'error',
  'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  'unicorn/filename-case': ['error', { case: 'kebabCase' }],
  'unicorn/prefer-node-protocol': 'error',
};

const untyped = ['argument', 'assignment', 'call', 'member-access', 'return'];

function config(): object {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise'],
    categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
    env: { node: true, es2024: true },
    ignorePatterns: ['src/gen/**', 'dist/**', 'coverage/**'],
    rules,
    overrides: [
      ...Object.keys(layers).flatMap(layerOverrides),
      {
        files: ['tools/**', 'bench/**', 'demo/**'],
        rules: { 'no-console': 'off' },
      },
      {
        files: ['**/*.test.ts', 'test/**'],
        rules: {
          'max-lines-per-function': 'off',
          'no-restricted-imports': 'off',
          // A test hands methods about to watch them, and names what it makes after what it tests.
          'no-shadow': 'off',
          'typescript/unbound-method': 'off',
        },
      },
      {
        // JavaScript has no types that could be unsafe.
        files: ['**/*.mjs'],
        rules: Object.fromEntries(untyped.map((rule) => [`typescript/no-unsafe-${rule}`, 'off'])),
      },
    ],
  };
}

/** The import restrictions of a layer: one override for each depth, since an import names how far up it goes. */
function layerOverrides(layer: string): object[] {
  const depth = layer.split('/').length;
  if (layers[layer] === 'all') return [];
  const depths = Array.from({ length: deepestFolder - depth + 1 }, (_, more) => depth + more);
  return [
    override(`src/${layer}.ts`, restrictions(layer, depth - 1)),
    ...depths.map((each) =>
      override(`src/${layer}${'/*'.repeat(each - depth + 1)}.ts`, restrictions(layer, each)),
    ),
  ];
}

function override(files: string, patterns: object[]): object {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

/** One pattern for all, since the linter lets an exception of one pattern through the others too. */
function restrictions(layer: string, depth: number): object[] {
  const [top = layer] = layer.split('/');
  const src = depth === 0 ? './' : '../'.repeat(depth);
  const allowed = [...allowedFor(layer), top];
  const forbidden = Object.keys(layers).filter((other) => !other.includes('/') && !allowed.includes(other));
  const exceptions = allowed.filter((path) => path.includes('/'));
  const named = (path: string): string[] => [`${src}${path}.ts`, `${src}${path}/**`];
  const packages = pureLayers[layer];
  const group = [
    ...(packages === undefined ? [] : allPackagesBut(packages)),
    ...forbidden.flatMap(named),
    ...exceptions.flatMap(named).map((path) => `!${path}`),
  ];
  const purity = packages === undefined ? '' : ` and, being pure, of packages ${listed(packages)}`;
  return [
    {
      group,
      message: `src/${layer} may import of layers ${listed(allowedFor(layer))}${purity}: see layers.ts`,
    },
  ];
}

function allPackagesBut(packages: readonly string[]): string[] {
  return ['*', '!./**', '!../**', ...packages.flatMap((name) => [`!${name}`, `!${name}/**`])];
}

function listed(names: readonly string[]): string {
  return names.join(', ') || 'none';
}

/** What a layer may import, with what the layers above it in the tree may, if it isn't pure. */
function allowedFor(layer: string): string[] {
  const isAbove = (name: string): boolean => !(layer in pureLayers) && layer.startsWith(`${name}/`);
  return Object.entries(layers).flatMap(([name, allowed]) =>
    (name === layer || isAbove(name)) && allowed !== 'all' ? allowed : [],
  );
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', '.oxlintrc.json'), lintConfig());
