// Which shared libraries an executable of this machine loads: what an image has to hold for it to run.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { Entry } from './layer.ts';

/**
 * An executable of this machine as an image has it: at a path, with the shared libraries that it loads where the dynamic
 * loader looks for them. One that is linked statically has none.
 * @throws where a library is missing on this machine.
 */
export async function executableAt(path: string, source: string): Promise<[path: string, Entry][]> {
  const libraries = await sharedLibraries(source);
  return [entry(path, source), ...libraries.map((library) => entry(library, library))];
}

function entry(path: string, source: string): [path: string, Entry] {
  return [path, { kind: 'file', mode: 0o755, source }];
}

async function sharedLibraries(executable: string): Promise<string[]> {
  let listing: string;
  try {
    ({ stdout: listing } = await promisify(execFile)('ldd', [executable], { env: { LC_ALL: 'C' } }));
  } catch (error) {
    const said =
      String((error as { stdout?: unknown }).stdout) + String((error as { stderr?: unknown }).stderr);
    if (/not a dynamic executable|statically linked/.test(said)) return [];
    throw error;
  }
  const missing = /^\s*(\S+) => not found/m.exec(listing)?.[1];
  if (missing !== undefined) throw new Error(`${executable} needs ${missing}, which this machine lacks`);
  // `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)`, and the loader itself without an arrow.
  return [...listing.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}
