// The coverage gate: how many lines of src the tests ran, from the lcov report of node's test runner. Node counts only
// files that some test loaded; a file with code that none did is counted here as wholly uncovered.

import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** Share of the lines of src that tests must run. */
const leastCoverage = 0.95;
const mostRanges = 12;

/** Lines of a file that can be run, and those of them that no test ran (1-based). */
interface FileCoverage {
  readonly file: string;
  readonly lines: number;
  readonly uncovered: readonly number[];
}

/** Reads an lcov report and says whether enough lines of `root`/src were run, with the files that fall short. */
export function coverageReport(
  root: string,
  lcov: string,
): { readonly passed: boolean; readonly text: string } {
  const loaded = parseLcov(readFileSync(lcov, 'utf8'));
  const known = new Set(loaded.map(({ file }) => file));
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/gen/**', 'src/**/*.test.ts'] });
  const unloaded = files.filter((file) => !known.has(file)).map((file) => uncoveredFile(root, file));
  const all = [...loaded, ...unloaded].filter(({ lines }) => lines > 0);
  const lines = all.reduce((sum, each) => sum + each.lines, 0);
  const covered = lines - all.reduce((sum, each) => sum + each.uncovered.length, 0);
  const share = lines === 0 ? 1 : covered / lines;
  const short = all
    .filter((each) => shareOf(each) < leastCoverage)
    .toSorted((a, b) => shareOf(a) - shareOf(b))
    .map((each) => `  ${percent(shareOf(each))} ${each.file}: ${ranges(each.uncovered)}`);
  const total = `Coverage: ${percent(share)} of ${lines} lines of src (at least ${percent(leastCoverage)} wanted)`;
  return { passed: share >= leastCoverage, text: [total, ...short].join('\n') };
}

function shareOf({ lines, uncovered }: FileCoverage): number {
  return 1 - uncovered.length / lines;
}

function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

/** `SF:` begins a file, `DA:line,count` is a line of it. */
function parseLcov(text: string): FileCoverage[] {
  return text
    .split('end_of_record')
    .map((record) => ({
      file: /^SF:(.*)$/m.exec(record)?.[1] ?? '',
      lines: [...record.matchAll(/^DA:(\d+),(\d+)/gm)],
    }))
    .filter(({ file }) => file !== '')
    .map(({ file, lines }) => ({
      file,
      lines: lines.length,
      uncovered: lines.filter(([, , count]) => count === '0').map(([, line]) => Number(line)),
    }));
}

/** A file that no test loaded: every line that is left when its types and comments are gone. */
function uncoveredFile(root: string, file: string): FileCoverage {
  const code = stripTypeScriptTypes(readFileSync(join(root, file), 'utf8'));
  const uncovered = code
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line, index) => ({ line: line.replace(/\/\/.*/, '').trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !/^(import\b.*|export \{\s*\};?|;)$/.test(line))
    .map(({ number }) => number);
  return { file, lines: uncovered.length, uncovered };
}

/** `3-5, 9` of [3, 4, 5, 9]. */
function ranges(numbers: readonly number[]): string {
  const parts: [first: number, last: number][] = [];
  for (const number of numbers) {
    const current = parts.at(-1);
    if (current !== undefined && current[1] === number - 1) current[1] = number;
    else parts.push([number, number]);
  }
  const shown = parts
    .slice(0, mostRanges)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return [...shown, ...(parts.length > mostRanges ? ['…'] : [])].join(', ');
}
