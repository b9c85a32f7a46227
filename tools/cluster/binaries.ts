// Where the programs of a real cluster for the tests are: etcd and every component of Kubernetes, in the cache. Run as
// a program it makes sure that they are there.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

import type { Log } from '../../src/runtime/log.ts';
import { createLog } from '../../src/runtime/pino-log.ts';
import { build } from './build.ts';
import { faultOf } from './examine.ts';
import { underLock } from './lock.ts';
import { fingerprint, programs, type Program } from './programs.ts';
import { takeReadyMade } from './ready-made.ts';

const unfinishedPrefix = 'cluster-unfinished-';

/**
 * Finds the folder that holds `etcd`, `kube`, and a link to `kube` for each component: the cache's (in `XDG_CACHE_HOME`,
 * else `~/.cache`), else filled in seconds with ready-made programs of the folder `MAESH_CLUSTER_BINARIES`, else built
 * with Go: about 12 minutes on two cores, once. It is there whole or not at all. Any number of processes may call at
 * once; one does the work.
 * @throws with what to do where the programs can't be built.
 */
export async function makeClusterBinaries(log: Log): Promise<string> {
  const found = findClusterBinaries();
  if (found !== undefined) return found;
  const folder = clusterFolder();
  const cache = dirname(folder);
  await mkdir(cache, { recursive: true });
  const onWait = (): void => log.info('Waiting for another process that gets the programs of the cluster');
  return underLock({ file: join(cache, 'cluster.lock'), onWait }, async () => {
    if (!existsSync(folder)) await fill(folder, log);
    return folder;
  });
}

/** The same folder if it is there already; undefined where {@link makeClusterBinaries} would have work to do. */
export function findClusterBinaries(): string | undefined {
  const folder = clusterFolder();
  return existsSync(folder) ? folder : undefined;
}

/** Fills a folder beside the wanted one and moves it there when all is well. The caller holds the lock. */
async function fill(folder: string, log: Log): Promise<void> {
  const cache = dirname(folder);
  // Whoever left them has lost the lock, so they are nobody's.
  const unfinished = (await readdir(cache)).filter((name) => name.startsWith(unfinishedPrefix));
  await Promise.all(unfinished.map((name) => rm(join(cache, name), { recursive: true })));
  const temporary = await mkdtemp(join(cache, unfinishedPrefix));
  try {
    for (const program of programs) await make(program, { folder: temporary, log });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function make(program: Program, into: { readonly folder: string; readonly log: Log }): Promise<void> {
  const { folder, log } = into;
  const executable = join(folder, program.name);
  const readyMade = process.env['MAESH_CLUSTER_BINARIES'] ?? '';
  if (readyMade === '' || !(await takeReadyMade(readyMade, { program, executable, log }))) {
    log.info(`Building ${program.name} ${program.version} with Go; it is kept`);
    await build({ ...program, executable }, log);
    const fault = await faultOf(executable, program);
    if (fault !== undefined) throw new Error(`What Go has built ${fault}`);
  }
  const links = [...program.calls.keys()].filter((name) => name !== program.name);
  await Promise.all(links.map((name) => symlink(program.name, join(folder, name))));
}

function clusterFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? '';
  // The XDG Base Directory specification has relative paths ignored.
  const cache = isAbsolute(base) ? base : join(homedir(), '.cache');
  return join(cache, 'maesh', `cluster-${fingerprint(programs)}`);
}

if (import.meta.main) {
  const log = createLog({ level: 'info', format: 'common' });
  try {
    await makeClusterBinaries(log);
  } catch (error) {
    log.error((error as Error).message);
    process.exitCode = 1;
  }
}
