// What one layer of an image holds, as data: a path of the image and what lies there.

import { dirname } from 'node:path/posix';

/** What lies at a path. Everything belongs to root; `mode` is the permissions. */
export type Entry =
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'text'; readonly mode: number; readonly text: string }
  /** The bytes of a file of this machine. */
  | { readonly kind: 'file'; readonly mode: number; readonly source: string };

/** Absolute paths of an image and what lies there, sorted, each after the folder that it is in. */
export type Layer = ReadonlyMap<string, Entry>;

/** Puts entries into a layer, with the folders that they are in. Of two entries of a path the later one counts. */
export function layerOf(entries: Iterable<readonly [path: string, Entry]>): Layer {
  const all = new Map(entries);
  for (const path of all.keys()) {
    for (let parent = dirname(path); parent !== '/' && !all.has(parent); parent = dirname(parent))
      all.set(parent, { kind: 'folder', mode: 0o755 });
  }
  // A folder's path is the beginning of what is in it, so it sorts before.
  return new Map([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
