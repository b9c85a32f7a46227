// All files under the named paths over time: finds them, reads those that changed, and tells the store what they say.

import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { byProblem, type Problem } from '../../model/problem.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Batch } from './change-queue.ts';
import { isMissing } from './file-error.ts';
import { unreadableProblem } from './file-problem.ts';
import type { FolderWatches } from './folder-watch.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { ObjectStore } from './object-store.ts';
import { foundFile, identifyFolder, isManifestName, scan, type FoundFile, type Scan } from './scan.ts';
import { TrackedFile, type SettleTiming } from './tracked-file.ts';

/** How often everything is looked at without a reason, in milliseconds. */
export interface ScanTiming extends SettleTiming {
  /** Where folders are watched: for what a watch may have missed. */
  readonly rescanMs: number;
  /** Where a folder can't be watched, or a named path is not there. */
  readonly pollMs: number;
}

/** What a tracker works with. */
export interface TrackerContext {
  /** The named paths, in the order in which their objects count. */
  readonly roots: readonly string[];
  readonly store: ObjectStore;
  readonly reader: ManifestReader;
  readonly clock: Clock;
  readonly timing: ScanTiming;
  /** Asks for a look at everything. */
  readonly touchAll: () => void;
}

/** Number of files that are read at the same time. */
const readWidth = 16;

const nothingFound: Scan = {
  files: new Map(),
  folders: new Map(),
  linkFolders: new Map(),
  missingRoots: new Set(),
  unreadable: new Map(),
};

/** Tracks files. Its methods are for one caller at a time. */
export class FileTracker {
  readonly #context: TrackerContext;
  readonly #files = new Map<string, TrackedFile>();
  readonly #waiting = new Set<TrackedFile>();
  readonly #troubled = new Set<TrackedFile>();
  readonly #missingSince = new Map<number, number>();
  #scan: Scan = nothingFound;
  #nextScanAt = Number.NEGATIVE_INFINITY;

  constructor(context: TrackerContext) {
    this.#context = context;
  }

  /** When {@link look} has something to do without a change. */
  get dueAt(): number {
    let dueAt = this.#nextScanAt;
    for (const file of this.#waiting) dueAt = Math.min(dueAt, file.dueAt);
    const now = this.#context.clock.now();
    for (const since of this.#missingSince.values()) {
      const saidAt = since + this.#context.timing.goneMs;
      if (saidAt > now) dueAt = Math.min(dueAt, saidAt);
    }
    return dueAt;
  }

  /** Named paths that were not there at the last look. */
  get missingRoots(): readonly string[] {
    return this.#context.roots.filter((_, root) => this.#scan.missingRoots.has(root));
  }

  /** Number of files whose content is known. */
  get fileCount(): number {
    return this.#files.size;
  }

  /** The content of each file that counts. */
  *contents(): Generator<NonNullable<TrackedFile['content']>> {
    for (const { content } of this.#files.values()) if (content !== undefined) yield content;
  }

  /** Size class of a file, known or not: whether writing it may take a while. */
  isLarge(path: string): boolean {
    const file = this.#files.get(path);
    return file === undefined || file.isLarge;
  }

  /** The paths that an event in a watched folder is about; undefined where that can't be told. */
  pathsOf(folder: string, name: string | undefined): readonly string[] | undefined {
    if (name === undefined) return undefined;
    const links = this.#scan.linkFolders.get(folder) ?? [];
    if (links.length > 0) return undefined;
    const root = this.#context.roots.findIndex((path) => resolve(path) === join(folder, name));
    const named = this.#context.roots[root];
    if (named !== undefined) {
      return this.#files.has(named) && !this.#scan.missingRoots.has(root) ? [named] : undefined;
    }
    if (!this.#scan.folders.has(folder)) return [];
    // The swap of a mounted ConfigMap, which all links beside it lead through.
    if (name.startsWith('..')) return undefined;
    return name.startsWith('.') ? [] : [join(folder, name)];
  }

  /** Looks at what may have changed, and at what is due. `watches` are brought in line with the folders there are. */
  async look(batch: Batch, watches: FolderWatches | undefined): Promise<void> {
    const startedAt = this.#context.clock.now();
    const isDue = this.#nextScanAt <= startedAt;
    const isExplained = !batch.isEverything && !isDue && (await this.#lookAt(batch.paths));
    if (!isExplained) await this.#lookAtAll(new Set(batch.paths), watches);
    await this.#settle(startedAt);
  }

  /** Every problem of the files and paths, sorted; those of the store are not among them. */
  problems(): readonly Problem[] {
    const now = this.#context.clock.now();
    const problems: Problem[] = [];
    for (const [root, since] of this.#missingSince) {
      const path = this.#context.roots[root];
      if (path === undefined || since + this.#context.timing.goneMs > now) continue;
      problems.push(unreadableProblem(path, { code: 'MAESH_PATH_MISSING', reason: 'is not there any more' }));
    }
    for (const [path, reason] of this.#scan.unreadable) {
      problems.push(unreadableProblem(path, { code: 'MAESH_FILE_UNREADABLE', reason }));
    }
    for (const file of this.#troubled) problems.push(...file.problems);
    return problems.toSorted(byProblem);
  }

  /** Looks at paths by name; false where that takes a look at everything. */
  async #lookAt(paths: readonly string[]): Promise<boolean> {
    for (let at = 0; at < paths.length; at += readWidth) {
      const found = await Promise.all(paths.slice(at, at + readWidth).map((path) => this.#lookAtOne(path)));
      if (found.includes('unexplained')) return false;
    }
    return true;
  }

  async #lookAtOne(path: string): Promise<'explained' | 'unexplained'> {
    const file = this.#files.get(path);
    if (file?.isLink === true) return 'unexplained';
    const stats = await statsOf(path);
    if (stats === 'unknown') return 'unexplained';
    if (stats === 'missing') {
      if (file !== undefined) this.#note(file, () => file.gone());
      return this.#scan.folders.has(path) ? 'unexplained' : 'explained';
    }
    const root = file?.place.root ?? this.#rootOfNew(path, stats);
    if (root === 'ignored') return 'explained';
    if (root === undefined || !stats.isFile()) return 'unexplained';
    await this.#read(foundFile({ path, root }, { stats, isLink: false }));
    return 'explained';
  }

  /** The named path that leads to an entry not met before; undefined where only a look at everything can tell. */
  #rootOfNew(path: string, stats: BigIntStats): number | 'ignored' | undefined {
    if (stats.isDirectory() || stats.isSymbolicLink()) return undefined;
    if (!stats.isFile() || !isManifestName(basename(path))) return 'ignored';
    // Some link may lead to this very file.
    return this.#scan.linkFolders.size > 0 ? undefined : this.#scan.folders.get(dirname(path))?.root;
  }

  async #lookAtAll(touched: ReadonlySet<string>, watches: FolderWatches | undefined): Promise<void> {
    const { roots, clock, timing } = this.#context;
    const found = await scan(roots);
    this.#scan = found;
    const watching = watches?.sync(await foldersToWatch(roots, found));
    // What happened before a watch began was not reported.
    if (watching !== undefined && watching.begun > 0) this.#context.touchAll();
    this.#noteMissingRoots(found.missingRoots);
    const isDegraded = (watching?.failed ?? 0) > 0 || found.missingRoots.size > 0;
    this.#nextScanAt = clock.now() + (isDegraded ? timing.pollMs : timing.rescanMs);
    for (const file of this.#files.values()) if (!found.files.has(file.place.path)) this.#noteAbsence(file);
    const changed = [...found.files.values()].filter((file) => this.#isToBeRead(file, touched));
    for (let at = 0; at < changed.length; at += readWidth) {
      await Promise.all(changed.slice(at, at + readWidth).map((file) => this.#read(file)));
    }
  }

  #isToBeRead(found: FoundFile, touched: ReadonlySet<string>): boolean {
    const file = this.#files.get(found.place.path);
    if (file === undefined || file.isUncertain || touched.has(found.place.path)) return true;
    return file.stamp !== found.stamp || file.place.root !== found.place.root;
  }

  async #read(found: FoundFile): Promise<void> {
    const { path } = found.place;
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new TrackedFile(found, this.#context);
      this.#files.set(path, file);
    }
    // The wall clock, as that is what files are stamped by.
    file.found(found, Date.now());
    const result = await this.#context.reader.read(path, { size: found.size, previous: file.content });
    const tracked = file;
    this.#note(tracked, () => tracked.take(result));
  }

  #noteAbsence(file: TrackedFile): void {
    const { path, root } = file.place;
    const { missingRoots, unreadable } = this.#scan;
    const isHidden = missingRoots.has(root) || isBelowAny(path, unreadable);
    this.#note(file, () => (isHidden ? file.suspend() : file.gone()));
  }

  #noteMissingRoots(missing: ReadonlySet<number>): void {
    for (const root of this.#missingSince.keys()) if (!missing.has(root)) this.#missingSince.delete(root);
    for (const root of missing) {
      if (!this.#missingSince.has(root)) this.#missingSince.set(root, this.#context.clock.now());
    }
  }

  #note(file: TrackedFile, act: () => void): void {
    act();
    if (file.dueAt === Number.POSITIVE_INFINITY) this.#waiting.delete(file);
    else this.#waiting.add(file);
    if (file.problems.length === 0 || !this.#files.has(file.place.path)) this.#troubled.delete(file);
    else this.#troubled.add(file);
  }

  /**
   * Does what was due when this look began. What became due only meanwhile waits for the next look: an object may have
   * moved to another file, of which a look that began before did not know.
   */
  async #settle(startedAt: number): Promise<void> {
    for (const file of [...this.#waiting].filter(({ dueAt }) => dueAt <= startedAt)) {
      if (file.isGone && !(await this.#isGoneForGood(file))) {
        this.#note(file, () => file.suspend());
        this.#context.touchAll();
        continue;
      }
      this.#note(file, () => {
        if (file.settle(startedAt) === 'forgotten') this.#files.delete(file.place.path);
      });
    }
  }

  /**
   * Whether a file that is gone is to be forgotten: not where it is back, and not where the named path that led to it
   * is gone altogether. That may be an accident, so what is known stays.
   */
  async #isGoneForGood({ place }: TrackedFile): Promise<boolean> {
    const root = this.#context.roots[place.root];
    if (root === undefined || (await statsOf(root)) === 'missing') return false;
    const stats = await statsOf(place.path);
    return stats === 'missing' || (stats !== 'unknown' && stats.isDirectory());
  }
}

async function statsOf(path: string): Promise<BigIntStats | 'missing' | 'unknown'> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    return isMissing(error) ? 'missing' : 'unknown';
  }
}

/** The folders to watch, each with its identity: those of the files, of the links, and of the named paths themselves. */
async function foldersToWatch(roots: readonly string[], found: Scan): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map<string, string>();
  for (const [path, { identity }] of found.folders) wanted.set(path, identity);
  const around = [...found.linkFolders.keys(), ...roots.map((root) => dirname(resolve(root)))];
  for (const path of around) {
    const identity = wanted.has(path) ? undefined : await identifyFolder(path);
    if (identity !== undefined) wanted.set(path, identity);
  }
  return wanted;
}

function isBelowAny(path: string, folders: ReadonlyMap<string, unknown>): boolean {
  if (folders.size === 0) return false;
  for (let current = path; ; current = dirname(current)) {
    if (folders.has(current)) return true;
    if (dirname(current) === current) return false;
  }
}
