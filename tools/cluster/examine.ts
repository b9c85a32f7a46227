// Whether an executable is the program that it should be.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Program } from './programs.ts';

// The first start of a program of 140 MB from a cold disk takes seconds.
const timeoutMs = 60_000;

/**
 * Calls an executable by each of its program's names (about 0.1 s each) and compares the version that it says, if it
 * can say one.
 * @returns why it is of no use; undefined if it is what it should be.
 */
export async function faultOf(executable: string, { calls, version }: Program): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'maesh-examine-'));
  try {
    for (const [name, args] of calls) {
      if (args === undefined) continue;
      const link = join(folder, name);
      await symlink(executable, link);
      const said = await output(link, args);
      if (!said.includes(version)) return `is not ${name} ${version}: it says ${JSON.stringify(said)}`;
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function output(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: timeoutMs });
    return stdout.split('\n', 1)[0] ?? '';
  } catch (error) {
    return (error as Error).message;
  }
}
