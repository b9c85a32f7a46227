// Puts what layers hold into folders, for `COPY` of a Dockerfile.

import { chmod, constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Entry, Layer } from './layer.ts';

/** Makes a folder for each layer, `0`, `1` and so on, in a folder that need not be there yet. */
export async function layOut(layers: readonly Layer[], folder: string): Promise<void> {
  for (const [index, layer] of layers.entries()) {
    const root = join(folder, String(index));
    await mkdir(root, { recursive: true });
    for (const [path, entry] of layer) await put(join(root, path), entry);
  }
}

async function put(path: string, entry: Entry): Promise<void> {
  if (entry.kind === 'folder') await mkdir(path);
  else if (entry.kind === 'text') await writeFile(path, entry.text);
  else await copyFile(entry.source, path, constants.COPYFILE_FICLONE);
  // mkdir and copyFile go by the umask.
  await chmod(path, entry.mode);
}
