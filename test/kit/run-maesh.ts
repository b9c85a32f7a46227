// The real command line, as a process: what a user would type, in a folder and an environment of the test's own.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
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
  const child = spawnMaesh(args, call);
  // A command that reads no input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(call.input ?? '');
  if (call.stdout === 'closed') child.stdout.destroy();
  const output = call.stdout === 'closed' ? '' : text(child.stdout);
  const [stdout, stderr, code] = await Promise.all([output, text(child.stderr), ended(child)]);
  return { code, stdout, stderr };
}

/** A command that runs until it is ended. */
export interface RunningMaesh {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with all of the stream so far once it matches; rejects with all output if the command ends before. */
  readonly printed: (pattern: RegExp, stream?: 'stdout' | 'stderr') => Promise<string>;
  readonly result: Promise<MaeshResult>;
}

/** Starts `maesh` with arguments. */
export function startMaesh(args: readonly string[], call: MaeshCall = {}): RunningMaesh {
  const child = spawnMaesh(args, call);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  const result = ended(child).then((code) => ({ code, ...output }));
  const printed: RunningMaesh['printed'] = async (pattern, stream = 'stdout') => {
    while (!pattern.test(output[stream])) {
      const end = await Promise.race([once(child[stream], 'data').then(() => undefined), result]);
      if (end !== undefined)
        throw new Error(`maesh ended before it printed ${String(pattern)}: ${JSON.stringify(end)}`);
    }
    return output[stream];
  };
  return { child, printed, result };
}

function spawnMaesh(args: readonly string[], call: MaeshCall): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], {
    cwd: call.cwd ?? import.meta.dirname,
    env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'], ...call.env },
    stdio: 'pipe',
  });
}

function ended(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}
