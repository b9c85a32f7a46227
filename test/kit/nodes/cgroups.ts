// The cgroups that a node's processes were in, which stay when these are gone.

import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../until.ts';

/**
 * Removes the cgroups of a node, which its folder names: now, or in the next process where this one was killed. Resolves
 * when they are gone, which is when every process of the node is.
 */
export async function removeCgroups(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'cgroups'), 'utf8').catch(() => '');
  const cgroups = list.split('\n').filter((line) => line !== '');
  await Promise.all(
    cgroups.map((cgroup) => until(`${cgroup} to be empty`, () => removeTree(cgroup).then(() => true))),
  );
}

/** The files of a cgroup can't be deleted, nor need they be. */
async function removeTree(cgroup: string): Promise<void> {
  try {
    const entries = await readdir(cgroup, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) await removeTree(join(cgroup, entry.name));
    await rmdir(cgroup);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
