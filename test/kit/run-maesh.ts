// The real command line, as a process: what a user would type, in a folder and an environment of the test's own.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** What a call has around it. */
export interface MaeshCall {
  /** Working directory; by default one in which there is nothing that Maesh looks for. */
  readonly cwd?: string;
  /** Environment besides PATH, which is all that there is otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; empty by default. */
  readonly input?: string;
  /** `closed`: its reader has gone away before anything is printed, as `head` may. */
  readonly stdout?: 'read' | 'closed';
}

/** How a call ended. */
export interface MaeshResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `maesh` with arguments and waits for its end. */
export async function runMaesh(args: readonly string[], call: MaeshCall = {}): Promise<MaeshResult> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: call.cwd ?? import.meta.dirname,
    env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'], ...call.env },
    stdio: 'pipe',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // A command that reads no input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(call.input ?? '');
  if (call.stdout === 'closed') child.stdout.destroy();
  const output = call.stdout === 'closed' ? '' : text(child.stdout);
  const [stdout, stderr, code] = await Promise.all([output, text(child.stderr), ended]);
  return { code, stdout, stderr };
}
