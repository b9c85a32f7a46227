// Where the programs of a real cluster for the tests are: in the cache, each in a folder of its own. Run as a program it
// makes sure that those are there which its arguments name (`kube`, `etcd` …), or all.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import type { Log } from '../../src/runtime/log.ts';
import { createLog } from '../../src/runtime/pino-log.ts';
import { build } from './build.ts';
import { faultOf } from './examine.ts';
import { underLock } from './lock.ts';
import { fingerprint, programs, type Program } from './programs.ts';
import { takeReadyMade } from './ready-made.ts';

const unfinishedPrefix = 'cluster-unfinished-';

/**
 * Finds an executable by a name that it is called by, such as `kube-apiserver` or `helm`. Its file has that name.
 * @throws where it is not there yet, with what to do.
 */
export function findExecutable(name: string): string {
  const program = programs.find(({ calls }) => calls.has(name));
  if (program === undefined) throw new Error(`No program of a cluster is called ${name}`);
  const executable = join(folderOf(program), name);
  if (!existsSync(executable))
    throw new Error(`${name} is not there yet: run node tools/cluster/binaries.ts ${program.name}`);
  return executable;
}

/**
 * Makes sure that programs are in the cache (in `XDG_CACHE_HOME`, else `~/.cache`): those that are not yet are taken
 * ready-made, in seconds, from the folder `MAESH_CLUSTER_BINARIES`, else built with Go, which takes about 12 minutes for
 * all of them on two cores, once. Each is there whole or not at all. Any number of processes may call at once; one does
 * the work.
 * @throws with what to do where a program can't be built.
 */
export async function makePrograms(wanted: readonly Program[], log: Log): Promise<void> {
  const isThere = (program: Program): boolean => existsSync(folderOf(program));
  if (wanted.every(isThere)) return;
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const onWait = (): void => log.info('Waiting for another process that gets the programs of the cluster');
  await underLock({ file: join(cache, 'cluster.lock'), onWait }, async () => {
    // Whoever left them has lost the lock, so they are nobody's.
    const unfinished = (await readdir(cache)).filter((name) => name.startsWith(unfinishedPrefix));
    await Promise.all(unfinished.map((name) => rm(join(cache, name), { recursive: true })));
    for (const program of wanted) if (!isThere(program)) await fill(program, log);
  });
}

/** Fills a folder beside the wanted one and moves it there when all is well. The caller holds the lock. */
async function fill(program: Program, log: Log): Promise<void> {
  const temporary = await mkdtemp(join(cacheFolder(), unfinishedPrefix));
  try {
    await make(program, { folder: temporary, log });
    await rename(temporary, folderOf(program));
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

function folderOf(program: Program): string {
  return join(cacheFolder(), `${program.name}-${program.version}-${fingerprint(program)}`);
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? '';
  // The XDG Base Directory specification has relative paths ignored.
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'maesh');
}

function programNamed(name: string): Program {
  const program = programs.find((each) => each.name === name);
  if (program === undefined)
    throw new Error(`No program ${name}: there are ${programs.map((each) => each.name).join(', ')}`);
  return program;
}

if (import.meta.main) {
  const log = createLog({ level: 'info', format: 'common' });
  const names = process.argv.slice(2);
  try {
    await makePrograms(names.length === 0 ? programs : names.map(programNamed), log);
  } catch (error) {
    log.error((error as Error).message);
    process.exitCode = 1;
  }
}
