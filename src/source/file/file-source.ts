// The source of a standalone mesh: manifests in files and folders, read again whenever they change.

import type { Offer } from '../../model/offer.ts';
import { byProblem, type Problem } from '../../model/problem.ts';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Source } from '../source.ts';
import { ChangeQueue, type Batch } from './change-queue.ts';
import { defaultTiming, type FileTiming } from './file-timing.ts';
import { FileTracker } from './file-tracker.ts';
import { FolderWatches, type WatchFolder } from './folder-watch.ts';
import { ManifestReader } from './manifest-reader.ts';
import { MissingPathError } from './missing-path-error.ts';
import { ObjectStore } from './object-store.ts';

/** What a file source reads, and how. */
export interface FileSourceOptions {
  /** Files and folders; where two give the same object, the path that stands first counts. */
  readonly paths: readonly string[];
  readonly log: Log;
  readonly clock?: Clock;
  /** Told of each time that something was read: how long that took, in milliseconds. */
  readonly onRead?: (durationMs: number) => void;
  /** Times other than the usual ones. */
  readonly timing?: Partial<FileTiming>;
  /** Watches a folder in place of `node:fs.watch`. */
  readonly watchFolder?: WatchFolder;
}

/**
 * Makes a source of the manifests in files and folders. A version of a file that is broken, half-written or unreadable
 * doesn't take away what the version before gave; problems say so. `run` rejects with {@link MissingPathError} where
 * a named path is not there at the start.
 */
export function createFileSource(options: FileSourceOptions): Source {
  return { run: (offer, signal) => run(options, offer, signal) };
}

async function run(
  options: FileSourceOptions,
  offer: (offer: Offer) => void,
  signal: AbortSignal,
): Promise<void> {
  const { paths, log, clock = systemClock } = options;
  const timing: FileTiming = { ...defaultTiming, ...options.timing };
  const store = new ObjectStore();
  const reader = new ManifestReader({ clock, log });
  const queue = new ChangeQueue({ clock, timing, isLarge: (path) => tracker.isLarge(path) });
  const touchAll = (): void => queue.touchAll();
  const tracker = new FileTracker({ roots: paths, store, reader, clock, timing, touchAll });
  const watches = new FolderWatches(
    (folder, name) => {
      const touched = tracker.pathsOf(folder, name);
      if (touched === undefined) touchAll();
      else for (const path of touched) queue.touch(path);
    },
    { log, watchFolder: options.watchFolder },
  );
  const stop = (): void => void reader.close();
  signal.addEventListener('abort', stop);
  try {
    const offers = new Offers(store, tracker);
    const look = async (batch: Batch): Promise<void> => {
      const start = clock.now();
      await tracker.look(batch, watches);
      options.onRead?.(clock.now() - start);
    };
    await look({ paths: [], isEverything: true });
    if (tracker.missingRoots.length > 0) throw new MissingPathError(tracker.missingRoots);
    log.info('Manifests are read', { files: tracker.fileCount, paths });
    while (!signal.aborted) {
      const next = offers.take();
      if (next !== undefined) offer(next);
      const batch = await queue.next({ dueAt: tracker.dueAt, signal });
      if (!signal.aborted) await look(batch);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    watches.close();
    await reader.close();
  }
}

/** Makes offers of what the store and the tracker have. */
class Offers {
  readonly #store: ObjectStore;
  readonly #tracker: FileTracker;
  #problems: readonly Problem[] | undefined;

  constructor(store: ObjectStore, tracker: FileTracker) {
    this.#store = store;
    this.#tracker = tracker;
  }

  /** The next offer; undefined where nothing is new, but never the first time. */
  take(): Offer | undefined {
    const changes = this.#store.takeChanges();
    const problems = [...this.#tracker.problems(), ...this.#store.duplicates()].toSorted(byProblem);
    const before = this.#problems;
    const isSame = before !== undefined && isEqual(before, problems);
    this.#problems = isSame ? before : problems;
    return isSame && changes.length === 0 ? undefined : { changes, problems: this.#problems };
  }
}

function isEqual(a: readonly Problem[], b: readonly Problem[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
