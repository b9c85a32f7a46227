// Finds the manifests under the named paths: every *.yaml, *.yml and *.json, through folders and symbolic links, each
// file once. Hidden names are left out, and with them the `..data` folders of a mounted ConfigMap, whose files are
// reached by the links beside them.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { byText } from '../../model/key.ts';
import { isMissing, reasonOf } from './file-error.ts';
import type { FilePlace } from './object-store.ts';

/** A manifest that was found. */
export interface FoundFile {
  readonly place: FilePlace;
  /** Whether a symbolic link led to it. */
  readonly isLink: boolean;
  /** Changes whenever the file is written, replaced, or its permissions change. */
  readonly stamp: string;
  /** In bytes. */
  readonly size: number;
  /** Wall-clock time of its last change, in milliseconds. */
  readonly changedAt: number;
}

/** A folder that was met. */
export interface FoundFolder {
  /** Index of the named path that led to it. */
  readonly root: number;
  /** Tells a folder from another one of its name. */
  readonly identity: string;
}

/** What was found. */
export interface Scan {
  readonly files: ReadonlyMap<string, FoundFile>;
  /** Folders that were met, by path. */
  readonly folders: ReadonlyMap<string, FoundFolder>;
  /** Folders outside of those that symbolic links lead through → the links. */
  readonly linkFolders: ReadonlyMap<string, readonly string[]>;
  /** Named paths that are not there, by index. */
  readonly missingRoots: ReadonlySet<number>;
  /** Files and folders that are there but cannot be read → why. What lies below is unknown, not gone. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Whether a file of this name is read where a folder holds it. */
export function isManifestName(name: string): boolean {
  return !name.startsWith('.') && /\.(?:ya?ml|json)$/i.test(name);
}

/** Looks for manifests. The order of the paths is the order in which their objects count. Never rejects. */
export async function scan(roots: readonly string[]): Promise<Scan> {
  const scanner = new Scanner();
  for (const [root, path] of roots.entries()) await scanner.root({ path, root });
  await scanner.followLinks();
  return scanner;
}

/** A file as its metadata shows it. */
export function foundFile(
  place: FilePlace,
  { stats, isLink }: { readonly stats: BigIntStats; readonly isLink: boolean },
): FoundFile {
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stats;
  return {
    place,
    isLink,
    // Joined, since a template's pieces would each be kept for as long as the text.
    stamp: [dev, ino, size, mtimeNs, ctimeNs].join(':'),
    size: Number(size),
    changedAt: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs),
  };
}

/** Identity of the folder at a path, whatever links lead to it; undefined where there is none that can be seen. */
export async function identifyFolder(path: string): Promise<string | undefined> {
  try {
    return folderIdentity(await stat(path, { bigint: true }));
  } catch {
    // Missing or hidden: either way it can't be watched now, and the next scan asks again.
    return undefined;
  }
}

/** Inodes are used again, often at once: the time of birth tells a new folder from the one it replaced. */
function folderIdentity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

/** Number of files whose metadata is asked for at the same time. */
const width = 64;

class Scanner implements Scan {
  readonly files = new Map<string, FoundFile>();
  readonly folders = new Map<string, FoundFolder>();
  readonly linkFolders = new Map<string, string[]>();
  readonly missingRoots = new Set<number>();
  readonly unreadable = new Map<string, string>();
  /** Device and inode of every file and folder met: links that lead to one of them, or around in a ring, add nothing. */
  readonly #met = new Set<string>();
  readonly #links: FilePlace[] = [];

  async root(place: FilePlace): Promise<void> {
    try {
      const stats = await stat(place.path, { bigint: true });
      const isLink = (await lstat(place.path)).isSymbolicLink();
      if (isLink) await this.#noteLink(place.path);
      await this.#visit(place, { stats, isLink });
    } catch (error) {
      if (isMissing(error)) this.missingRoots.add(place.root);
      else this.unreadable.set(place.path, reasonOf(error));
    }
  }

  /** Links come after all else, so that a file is known by its own path where it has one here. */
  async followLinks(): Promise<void> {
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) {
      try {
        const stats = await stat(link.path, { bigint: true });
        const isWanted = stats.isDirectory() || isManifestName(basename(link.path));
        if (!isWanted) continue;
        await this.#noteLink(link.path);
        await this.#visit(link, { stats, isLink: true });
      } catch (error) {
        // A link that leads nowhere is somebody's mistake or half of a swap; what it led to is not gone.
        if (!isManifestName(basename(link.path))) continue;
        await this.#noteLink(link.path);
        const reason = isMissing(error) ? 'is a symbolic link that leads nowhere' : reasonOf(error);
        this.unreadable.set(link.path, reason);
      }
    }
  }

  async #visit(
    place: FilePlace,
    { stats, isLink }: { readonly stats: BigIntStats; readonly isLink: boolean },
  ): Promise<void> {
    const identity = `${stats.dev}:${stats.ino}`;
    if (this.#met.has(identity)) return;
    this.#met.add(identity);
    if (stats.isDirectory()) {
      this.folders.set(place.path, { root: place.root, identity: folderIdentity(stats) });
      await this.#folder(place);
    } else if (stats.isFile()) {
      this.files.set(place.path, foundFile(place, { stats, isLink }));
    } else this.unreadable.set(place.path, 'is neither a file nor a folder');
  }

  async #folder({ path, root }: FilePlace): Promise<void> {
    let entries;
    try {
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (!isMissing(error)) this.unreadable.set(path, reasonOf(error));
      return;
    }
    const wanted = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || isManifestName(entry.name))
      .toSorted((a, b) => byText(a.name, b.name));
    const places = wanted.map((entry) => ({ entry, place: { path: join(path, entry.name), root } }));
    for (const { entry, place } of places) if (entry.isSymbolicLink()) this.#links.push(place);
    const others = places.filter(({ entry }) => !entry.isSymbolicLink());
    for (let at = 0; at < others.length; at += width) {
      const batch = others.slice(at, at + width);
      const found = await Promise.all(batch.map(({ place }) => this.#stats(place.path)));
      for (const [index, { place }] of batch.entries()) {
        const stats = found[index];
        if (stats !== undefined) await this.#visit(place, { stats, isLink: false });
      }
    }
  }

  async #stats(path: string): Promise<BigIntStats | undefined> {
    try {
      return await stat(path, { bigint: true });
    } catch (error) {
      if (!isMissing(error)) this.unreadable.set(path, reasonOf(error));
      return undefined;
    }
  }

  async #noteLink(path: string): Promise<void> {
    for (const folder of await foldersOfLink(path)) {
      const links = this.linkFolders.get(folder);
      if (links === undefined) this.linkFolders.set(folder, [path]);
      else links.push(path);
    }
  }
}

/** The folders in which the target of a link, and of the links that it leads through, can be swapped. */
async function foldersOfLink(path: string): Promise<readonly string[]> {
  const folders: string[] = [];
  let current = path;
  // As many hops as Linux takes before it says ELOOP.
  for (let hop = 0; hop < 40; hop++) {
    try {
      current = resolve(dirname(current), await readlink(current));
      folders.push(await realpath(dirname(current)));
    } catch {
      // No link any more, or one that leads nowhere: this is the end of the chain.
      break;
    }
  }
  return folders;
}
