// `npm test`: every check of the project, each with its name and time. `npm test -- PATTERN…` runs only the test files
// whose path holds one of the patterns, without the static checks and the coverage gate; `--step NAME` runs one check.

import { spawn } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { coverageReport } from './coverage.ts';
import { endChildren, ended, report, runTests } from './test-run.ts';

const root = join(import.meta.dirname, '..');
const lcov = join(root, 'coverage', 'lcov.info');

/** A check: a program of node_modules/.bin with arguments. */
interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** It may take minutes, so what it says is shown as it says it. */
  readonly live?: true;
}

/** The programs of a cluster that the tests of `npm test` run. */
const programsOfTests = ['kube', 'etcd', 'coredns', 'coredns-1.13', 'coredns-1.6', 'helm'];

/** What can be said without running the code, and what running it needs. */
const steps: readonly Step[] = [
  { name: 'cluster', command: ['node', 'tools/cluster/binaries.ts', ...programsOfTests], live: true },
  { name: 'typecheck', command: ['tsc', '-p', '.'] },
  { name: 'generated code', command: ['node', 'tools/gen.ts', '--check'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'knip', command: ['knip', '--no-progress'] },
  { name: 'envoy', command: ['node', 'tools/fetch-envoy.ts'] },
];

/** Runs a step; its output is shown only where it failed, or if it is live. */
async function runStep({ name, command: [program, ...args], live }: Step): Promise<boolean> {
  const started = performance.now();
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const take = (chunk: Buffer): unknown => (live ? process.stdout.write(chunk) : output.push(chunk));
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = await ended(child);
  report(name, code === 0, started);
  if (code !== 0) process.stdout.write(Buffer.concat(output));
  return code === 0;
}

// What is told to end ends what it has started. (A terminal's Ctrl-C reaches them all by itself.)
process.on('SIGTERM', () => {
  endChildren();
  process.exit(143);
});

/** Runs steps two at a time (most of them can't use a second core) and resolves with the names of those that failed. */
async function runSteps(all: readonly Step[]): Promise<string[]> {
  const waiting = all.values();
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (const step of waiting) if (!(await runStep(step))) failed.push(step.name);
  };
  await Promise.all([work(), work()]);
  return failed;
}

function testFiles(patterns: readonly string[]): string[] {
  const patternsOfAll = ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'];
  // `npm run test:cluster` runs those.
  const exclude = ['test/cluster/**'];
  const files = globSync(patternsOfAll, { cwd: root, exclude }).toSorted();
  if (patterns.length === 0) return files;
  return files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

// Node's default leaves one core idle.
const testRun = { concurrency: availableParallelism(), timeoutMs: 300_000 };

const coverageFlags: readonly string[] = [
  '--experimental-test-coverage',
  '--test-coverage-include=src/**/*.ts',
  '--test-coverage-exclude=src/gen/**',
  '--test-coverage-exclude=src/**/*.test.ts',
  '--test-reporter=lcov',
  `--test-reporter-destination=${lcov}`,
];

async function checkEverything(): Promise<string[]> {
  const failed = await runSteps(steps);
  mkdirSync(join(root, 'coverage'), { recursive: true });
  if (!(await runTests(testFiles([]), { ...testRun, flags: coverageFlags }))) failed.push('tests');
  const { passed, text } = coverageReport(root, lcov);
  console.log(text);
  if (!passed) failed.push('coverage');
  return failed;
}

async function checkSome(args: readonly string[]): Promise<string[]> {
  const [first, name, ...rest] = args;
  if (first === '--step') {
    const step = steps.find((candidate) => candidate.name === name);
    if (step === undefined)
      throw new Error(`No step ${name}: there are ${steps.map((each) => each.name).join(', ')}`);
    return runSteps([{ ...step, command: [...step.command, ...rest] }]);
  }
  const files = testFiles(args);
  if (files.length === 0) throw new Error(`No test file whose path holds ${args.join(' or ')}`);
  return (await runTests(files, testRun)) ? [] : ['tests'];
}

const args = process.argv.slice(2);
const failed = await (args.length === 0 ? checkEverything() : checkSome(args));
if (failed.length > 0) {
  console.log(styleText('red', `Failed: ${failed.join(', ')}`));
  process.exitCode = 1;
}
