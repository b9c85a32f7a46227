// Makes sure that what is followed is not behind: a watch may lag, and a server may answer it from memory that does.

import { sleep } from '../runtime/sleep.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { KubeClient, Selection } from './client.ts';
import { KubeError } from './kube-error.ts';
import { compareVersions } from './versions.ts';

/** How often it is looked whether the watch has come far enough, and how long is waited after a failure. */
const lookMs = 10;
const retryMs = 1_000;

/** What is followed, and how far. */
export interface CatchUpOptions {
  readonly client: KubeClient;
  readonly selection: Selection;
  /** The version up to which every event has been told; see Reflector. */
  readonly position: () => string | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Resolves when everything is known that the server had written of a selection when this was called, or when the signal
 * aborts. A list without a version is one of the newest state there is (a quorum read); of what it has on it, the newest
 * must have come by the watch. What was deleted before may still be known.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { position, clock, signal } = options;
  const newest = await newestOf(options);
  if (newest === undefined) return;
  while (!signal.aborted && isBehind(position(), newest)) {
    // oxlint-disable-next-line no-await-in-loop -- waiting is the point
    await sleep(lookMs, { clock, signal });
  }
}

async function newestOf({
  client,
  selection,
  log,
  clock,
  signal,
}: CatchUpOptions): Promise<string | undefined> {
  for (;;) {
    try {
      let newest: string | undefined;
      for (const { metadata } of await client.list(selection, { signal })) {
        if (newest === undefined || isBehind(newest, metadata.resourceVersion))
          newest = metadata.resourceVersion;
      }
      return newest;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof KubeError)) throw error;
      log.warn('Cannot list what is on record: nothing is written before that', { error: error.message });
    }
    await sleep(retryMs, { clock, signal });
  }
}

/** Versions without an order can't be waited for. */
function isBehind(version: string | undefined, other: string): boolean {
  if (version === undefined) return true;
  const order = compareVersions(version, other);
  return order !== undefined && order < 0;
}
