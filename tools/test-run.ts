// How the commands that check the project run node's test runner and say what came of a step.

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { styleText } from 'node:util';

const root = join(import.meta.dirname, '..');

/** How test files are run. */
export interface TestRun {
  /** Files that run at once, each in a process of its own. */
  readonly concurrency: number;
  /** For one test, and for all of a file. */
  readonly timeoutMs: number;
  /** More flags of node. */
  readonly flags?: readonly string[];
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs test files and shows one line a file, failures, and the runner's closing lines. Resolves with whether they passed. */
export async function runTests(
  files: readonly string[],
  { concurrency, timeoutMs, flags = [], env = {} }: TestRun,
): Promise<boolean> {
  const started = performance.now();
  const runner = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
    // What a test leaves open must not hold up those after it.
    '--test-force-exit',
    '--test-reporter=./tools/test-reporter.ts',
    '--test-reporter-destination=stdout',
  ];
  const options = { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' } as const;
  const child = spawn(process.execPath, [...runner, ...flags, ...files], options);
  const passed = (await ended(child)) === 0;
  report('tests', passed, started);
  return passed;
}

const children = new Set<ChildProcess>();

/** Ends every process whose {@link ended} is still open. */
export function endChildren(): void {
  for (const child of children) child.kill('SIGTERM');
}

/** Resolves with a process's code, or with the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | string> {
  children.add(child);
  child.on('exit', () => children.delete(child));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'lost'));
  });
}

/** Says of a step whether it passed and how long it took. */
export function report(name: string, passed: boolean, started: number): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? styleText('green', '✔') : styleText('red', '✖')} ${name} (${seconds} s)`);
}
