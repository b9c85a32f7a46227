// Where a control plane keeps its files: a temporary folder that is deleted with it, or by the next one if its process
// was killed. (etcd's log alone takes 64 MB.)

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'maesh-control-plane-';

/** Makes a folder whose name holds the id of this process. */
export async function createClusterFolder(): Promise<string> {
  const abandoned = (await readdir(tmpdir())).filter(isAbandoned);
  // What another user left is not this one's to delete.
  const removed = abandoned.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }));
  await Promise.allSettled(removed);
  return mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
}

function isAbandoned(name: string): boolean {
  const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
