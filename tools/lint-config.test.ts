import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { checkout } from '../test/kit/source-tree.ts';
import { lintConfig } from './lint-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'maesh-lint-'));
after(() => rmSync(folder, { recursive: true }));

/** Lints files with the project's configuration and returns what is wrong, as `path: rule`, sorted. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const project = mkdtempSync(join(folder, 'project-'));
  for (const [path, text] of Object.entries({
    '.oxlintrc.json': lintConfig(),
    'tsconfig.json': tsconfig,
    ...files,
  })) {
    mkdirSync(join(project, dirname(path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  const oxlint = join(checkout, 'node_modules', '.bin', 'oxlint');
  const { stdout } = spawnSync(oxlint, ['--type-aware', '--format', 'unix'], {
    cwd: project,
    encoding: 'utf8',
  });
  return [...stdout.matchAll(/^([^:\n]+):\d+:\d+: .*\[\w+\/(.+)\]$/gm)]
    .map(([, path, rule]) => `${path}: ${rule}`)
    .toSorted();
}

const tsconfig =
  '{ "compilerOptions": { "module": "nodenext", "target": "es2024", "strict": true }, "include": ["."] }';

/** A file that imports a value and uses it. */
function importing(specifier: string): string {
  return `// A file.\nimport { a } from '${specifier}';\n\nexport const b = a;\n`;
}

const restricted = 'eslint(no-restricted-imports)';

test('an import that layers.ts forbids is reported, at every depth', () => {
  const found = lint({
    'src/model/a.ts': importing('../serve/dns/b.ts'),
    'src/model/passes/a.ts': importing('../../serve/dns/b.ts'),
    'src/serve/http/api/a.ts': importing('../../../control/loop.ts'),
    'src/serve/http/a.ts': importing('../../gen/x_pb.ts'),
    'src/cli/a.ts': importing('../serve/http/api.ts'),
    'src/config.ts': importing('./model/key.ts'),
    'src/proxy/types-too.ts': "// A file.\nimport type { A } from '../model/key.ts';\n\nexport type B = A;\n",
  });
  const files = [
    'src/cli/a.ts',
    'src/config.ts',
    'src/model/a.ts',
    'src/model/passes/a.ts',
    'src/proxy/types-too.ts',
    'src/serve/http/a.ts',
    'src/serve/http/api/a.ts',
  ];
  assert.deepEqual(
    [...new Set(found.filter((each) => each.includes(restricted)))],
    files.map((file) => `${file}: ${restricted}`),
  );
});

test('a package that does anything is reported in a pure layer', () => {
  const found = lint({
    'src/model/a.ts': importing('node:fs'),
    'src/translate/a.ts': importing('node:net'),
    'src/translate/b.ts': importing('@grpc/grpc-js'),
  });
  const files = ['src/model/a.ts', 'src/translate/a.ts', 'src/translate/b.ts'];
  assert.deepEqual(
    found.filter((each) => each.includes(restricted)),
    files.map((file) => `${file}: ${restricted}`),
  );
});

test('an import that layers.ts allows is not reported, and tests may import all', () => {
  const found = lint({
    'src/serve/xds/a.ts': importing('../../gen/x_pb.ts'),
    'src/serve/dns/a.ts': importing('../listen-error.ts'),
    'src/serve/dns/b.ts': importing('./config.ts'),
    'src/cli/a.ts': importing('../serve/http/api-types.ts'),
    'src/cli/commands/a.ts': importing('../translate.ts'),
    'src/translate/a.ts': importing('@bufbuild/protobuf/wkt'),
    'src/app.ts': importing('./gen/x_pb.ts'),
    'src/model/a.test.ts': importing('../serve/dns/b.ts'),
  });
  assert.deepEqual(
    found.filter((each) => each.includes(restricted)),
    [],
  );
});

test('promises that nobody awaits, any, default exports and long functions are reported', () => {
  const long = `// A file.\nexport function long(): void {\n${'  performance.now();\n'.repeat(61)}}\n`;
  const found = lint({
    'src/model/floating.ts': '// A file.\nexport function f(): void {\n  Promise.resolve(1);\n}\n',
    'src/model/any.ts': '// A file.\nexport const a: any = 1;\n',
    'src/model/default.ts': '// A file.\nexport default 1;\n',
    'src/model/long.ts': long,
    'src/model/long.test.ts': long,
    'src/model/camelCase.ts': '// A file.\nexport const a = 1;\n',
  });
  assert.deepEqual(found, [
    'src/model/any.ts: typescript(no-explicit-any)',
    'src/model/camelCase.ts: unicorn(filename-case)',
    'src/model/default.ts: import(no-default-export)',
    'src/model/floating.ts: typescript(no-floating-promises)',
    'src/model/long.ts: eslint(max-lines-per-function)',
  ]);
});
