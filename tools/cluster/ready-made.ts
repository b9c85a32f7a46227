// Takes programs that somebody has built already from a folder: plain executables, or packed ones that end in `.xz`.

import { execFile } from 'node:child_process';
import { chmod, constants, copyFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Log } from '../../src/runtime/log.ts';
import { faultOf } from './examine.ts';
import type { Program } from './programs.ts';

// Python is needed for Envoy anyway; xz would be one more program.
const unpack = `
import lzma, shutil, sys
with lzma.open(sys.argv[1]) as packed, open(sys.argv[2], 'wb') as plain:
    shutil.copyfileobj(packed, plain, 1 << 20)
`;

/**
 * Puts a program of a folder where it is wanted (4 s for a packed one of 140 MB) if it is there and of the pinned
 * version.
 * @returns whether it did. If not, the log says why.
 */
export async function takeReadyMade(
  folder: string,
  { program, executable, log }: { readonly program: Program; readonly executable: string; readonly log: Log },
): Promise<boolean> {
  const reason = await refusal(folder, program, executable);
  if (reason === undefined) {
    log.info(`Took ${program.name} ${program.version}, ready-made`, { from: folder });
    return true;
  }
  await rm(executable, { force: true });
  log.warn(`Not taking the ready-made ${program.name}`, { from: folder, reason });
  return false;
}

async function refusal(folder: string, program: Program, executable: string): Promise<string | undefined> {
  const plain = join(folder, program.name);
  try {
    if (existsSync(plain)) await copyFile(plain, executable, constants.COPYFILE_FICLONE);
    else if (existsSync(`${plain}.xz`))
      await promisify(execFile)('python3', ['-c', unpack, `${plain}.xz`, executable]);
    else return `the folder has neither ${program.name} nor ${program.name}.xz`;
    await chmod(executable, 0o755);
  } catch (error) {
    return (error as Error).message.trim();
  }
  const fault = await faultOf(executable, program);
  return fault === undefined ? undefined : `it ${fault}`;
}
