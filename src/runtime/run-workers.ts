// The reconcile loop: workers that take keys from a work queue and bring what each stands for up to date, in the manner
// of sigs.k8s.io/controller-runtime (pkg/reconcile, pkg/internal/controller).

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from './clock.ts';
import { FailureLog } from './failure-log.ts';
import type { Log } from './log.ts';
import { TerminalError } from './terminal-error.ts';
import type { WorkQueue } from './work-queue.ts';

/** Wish of a reconcile function that succeeded to be called again. */
export interface RetryLater {
  /** In milliseconds; at least 1 is waited, so that a mistake is no endless loop. */
  readonly retryAfterMs: number;
}

/** How keys are processed. */
export interface WorkersOptions<Key extends string> {
  /** How many keys are processed at once: a whole number, at least 1. */
  readonly workers: number;
  /**
   * Brings what the key stands for to what it ought to be, whatever happened to it. It looks at the world as it is when it
   * is called, and nothing is kept from one call to the next. Resolved: done. Rejected: tried again with back-off, or
   * not before it is added again where it rejects with a {@link TerminalError}. It must end in a bounded time, and soon
   * after the signal aborts: one that hangs holds its worker.
   */
  readonly reconcile: (key: Key, signal: AbortSignal) => Promise<RetryLater | void>;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * When it aborts, the queue is shut down: what waits is dropped, and what is being processed is told by the same signal.
   * To have what waits processed first, shut the queue down with `drain` and abort only when that takes too long.
   */
  readonly signal: AbortSignal;
}

/** How long workers go on before everything else in the process gets its turn, in milliseconds. */
const turnMs = 10;

/**
 * Processes the keys of a queue until it is shut down, and resolves when every call of `reconcile` has ended; rejects,
 * after the same, only where the log throws. A key that fails holds up no other one. The queue can't be used again: who
 * starts anew makes a new one.
 */
export async function runWorkers<Key extends string>(
  queue: WorkQueue<Key>,
  options: WorkersOptions<Key>,
): Promise<void> {
  const { signal, workers } = options;
  const failures = new FailureLog<Key>(options);
  const turns = new Turns(options.clock);
  const work = async (): Promise<void> => {
    do {
      for (let key = queue.take(); key !== undefined; key = queue.take()) {
        await processKey(key, { queue, failures, ...options });
        await turns.pause();
      }
    } while (await queue.wait());
  };
  const stop = (): void => void queue.shutDown('drop');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    signal.removeEventListener('abort', stop);
    await queue.shutDown('drop');
  }
}

interface Processing<Key extends string> extends WorkersOptions<Key> {
  readonly queue: WorkQueue<Key>;
  readonly failures: FailureLog<Key>;
}

async function processKey<Key extends string>(key: Key, processing: Processing<Key>): Promise<void> {
  const { queue, failures, signal } = processing;
  try {
    const outcome = await attempt(key, processing);
    if (!('error' in outcome)) {
      queue.forget(key);
      if (outcome.retryAfterMs !== undefined) queue.addAfter(key, Math.max(1, outcome.retryAfterMs));
      failures.succeeded(key);
    } else if (outcome.error instanceof TerminalError) {
      failures.failed(key, { error: outcome.error, failures: queue.retries(key) + 1 });
      queue.forget(key);
    } else if (!signal.aborted) {
      // What fails because it was told to stop is no failure.
      const retryInMs = queue.addRateLimited(key);
      failures.failed(key, { error: outcome.error, failures: queue.retries(key), retryInMs });
    }
  } finally {
    queue.done(key);
  }
}

type Outcome = { readonly retryAfterMs: number | undefined } | { readonly error: unknown };

async function attempt<Key extends string>(
  key: Key,
  { reconcile, signal }: WorkersOptions<Key>,
): Promise<Outcome> {
  try {
    const result = await reconcile(key, signal);
    return { retryAfterMs: result?.retryAfterMs };
  } catch (error) {
    return { error };
  }
}

/** Sees to it that reconcile functions that never wait for anything don't keep the process from everything else. */
class Turns {
  readonly #clock: Clock;
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  async pause(): Promise<void> {
    if (this.#clock.now() - this.#startedAt < turnMs) return;
    await nextTurn();
    this.#startedAt = this.#clock.now();
  }
}
