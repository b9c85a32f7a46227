import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { coverageReport } from './coverage.ts';

const folder = mkdtempSync(join(tmpdir(), 'maesh-coverage-'));
after(() => rmSync(folder, { recursive: true }));

/** An lcov record of a file of which some lines ran and some did not. */
function record(file: string, ran: number, missed: readonly number[]): string {
  const hits = Array.from({ length: ran }, (_, index) => `DA:${1000 + index},7`);
  return ['TN:', `SF:${file}`, ...hits, ...missed.map((line) => `DA:${line},0`), 'end_of_record', ''].join(
    '\n',
  );
}

function report(
  lcov: string,
  files: Readonly<Record<string, string>> = {},
): { passed: boolean; lines: string[] } {
  const root = mkdtempSync(join(folder, 'root-'));
  for (const [path, text] of Object.entries({ 'lcov.info': lcov, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { passed, text } = coverageReport(root, join(root, 'lcov.info'));
  return { passed, lines: text.split('\n') };
}

test('ninety-five of a hundred lines are enough, ninety-four are not', () => {
  assert.deepEqual(report(record('src/a.ts', 95, [1, 2, 3, 5, 9])), {
    passed: true,
    lines: ['Coverage: 95.0 % of 100 lines of src (at least 95.0 % wanted)'],
  });
  assert.deepEqual(report(record('src/a.ts', 94, [1, 2, 3, 5, 8, 9])), {
    passed: false,
    lines: [
      'Coverage: 94.0 % of 100 lines of src (at least 95.0 % wanted)',
      '  94.0 % src/a.ts: 1-3, 5, 8-9',
    ],
  });
});

test('files that fall short are named though the whole does not, the worst first', () => {
  const { passed, lines } = report(
    record('src/a.ts', 9, [4]) + record('src/b.ts', 1, [7]) + record('src/c.ts', 500, []),
  );
  assert.equal(passed, true);
  assert.deepEqual(lines.slice(1), ['  50.0 % src/b.ts: 7', '  90.0 % src/a.ts: 4']);
});

test('a file with code that no test loaded counts with every line of code, one with only types does not', () => {
  const { passed, lines } = report(record('src/a.ts', 2, []), {
    'src/a.ts': 'export const a = 1;\n',
    'src/types-only.ts':
      "// A comment.\nimport type { A } from './a.ts';\n\n/** Another. */\nexport interface B {\n  a: A;\n}\n",
    'src/unloaded.ts':
      "// Why.\nimport { a } from './a.ts';\n\n/**\n * What.\n */\nexport function f(): void {\n  a.b(); // and why\n}\n",
    'src/gen/x_pb.ts': 'export const generated = 1;\n',
    'src/a.test.ts': 'test();\n',
  });
  assert.equal(passed, false);
  assert.deepEqual(lines, [
    'Coverage: 40.0 % of 5 lines of src (at least 95.0 % wanted)',
    '  0.0 % src/unloaded.ts: 7-9',
  ]);
});
