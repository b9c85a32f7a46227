// Watches folders, one by one: the system's own recursive watching does not exist on Linux, and a watch on a file goes
// deaf once the file is replaced by another.

import { watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import type { Log } from '../../runtime/log.ts';
import { isMissing } from './file-error.ts';

/** Called for each change: something happened to `name` in the folder; undefined: to anything in it, or to itself. */
export type FolderListener = (folder: string, name: string | undefined) => void;

/** How one folder is watched: `node:fs.watch`, or what a test puts in its place. */
export type WatchFolder = (
  path: string,
  listener: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'on' | 'close'>;

/** Watches a set of folders that changes. */
export class FolderWatches {
  readonly #listener: FolderListener;
  readonly #log: Log;
  readonly #watchFolder: WatchFolder;
  readonly #watches = new Map<
    string,
    { readonly identity: string; readonly watcher: Pick<FSWatcher, 'close'> }
  >();
  #hasSaidFailure = false;

  constructor(
    listener: FolderListener,
    { log, watchFolder = watch }: { readonly log: Log; readonly watchFolder?: WatchFolder | undefined },
  ) {
    this.#listener = listener;
    this.#log = log;
    this.#watchFolder = watchFolder;
  }

  /**
   * Watches these folders (path → identity) and no others. What happened in a folder before its watch began is not
   * reported: whoever sees `begun` looks once more.
   */
  sync(wanted: ReadonlyMap<string, string>): { readonly begun: number; readonly failed: number } {
    for (const [path, { identity }] of this.#watches) if (wanted.get(path) !== identity) this.#end(path);
    let begun = 0;
    let failed = 0;
    for (const [path, identity] of wanted) {
      if (this.#watches.has(path)) continue;
      if (this.#begin(path, identity)) begun += 1;
      else failed += 1;
    }
    if (failed === 0) this.#hasSaidFailure = false;
    return { begun, failed };
  }

  /** Ends every watch. */
  close(): void {
    for (const path of this.#watches.keys()) this.#end(path);
  }

  #begin(path: string, identity: string): boolean {
    try {
      const watcher = this.#watchFolder(path, (event, name) => this.#onEvent(path, { event, name }));
      watcher.on('error', (error) => this.#onError(path, error));
      this.#watches.set(path, { identity, watcher });
      return true;
    } catch (error) {
      this.#onFailure(path, error);
      return false;
    }
  }

  #onEvent(path: string, { event, name }: { readonly event: string; readonly name: string | null }): void {
    // A folder that is moved or removed reports its own name, and its watch stays with what it was: begin anew.
    // (An entry that has its folder's name reports the same; a new watch does no harm there.)
    const isFolderItself = event === 'rename' && name === basename(path);
    if (isFolderItself) this.#end(path);
    this.#listener(path, isFolderItself ? undefined : (name ?? undefined));
  }

  #onError(path: string, error: unknown): void {
    this.#end(path);
    this.#onFailure(path, error);
    this.#listener(path, undefined);
  }

  #onFailure(path: string, error: unknown): void {
    // A folder that has just gone is no failure of watching, and one line for all is enough.
    if (isMissing(error) || this.#hasSaidFailure) return;
    this.#hasSaidFailure = true;
    this.#log.warn('Folders cannot be watched, so they are looked at every second', {
      folder: path,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #end(path: string): void {
    this.#watches.get(path)?.watcher.close();
    this.#watches.delete(path);
  }
}
