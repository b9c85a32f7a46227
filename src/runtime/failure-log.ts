// Says in the log which keys fail, without a flood when all of them do.

import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { TokenBucket } from './rate-limit.ts';

/** A key's failure. */
export interface Failure {
  readonly error: unknown;
  /** How often it failed in a row, this time included. */
  readonly failures: number;
  /** When it is tried again at the earliest, in milliseconds from now; undefined where it isn't. */
  readonly retryInMs?: number;
}

/** A key that fails goes on failing: it is said again so often. */
const repeatMs = 60_000;
const overall = { perSecond: 1, burst: 10 };

/**
 * Logs the first failure of a key, then one a minute, and its recovery if its failure was logged. All keys together
 * get ten lines at once and one a second; how many failures had none is a field (`unlogged`) of the next. At level debug
 * every failure has its line.
 */
export class FailureLog<Key extends string> {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #bucket = new TokenBucket(overall);
  /** When failing keys were logged last. */
  readonly #loggedAt = new Map<Key, number>();
  #unlogged = 0;

  constructor({ log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#log = log;
    this.#clock = clock;
  }

  /** A key failed: a warning where it is tried again, an error where only somebody's act can help. */
  failed(key: Key, failure: Failure): void {
    const isFinal = failure.retryInMs === undefined;
    const message = isFinal
      ? 'Processing failed, and is not tried again before something changes'
      : 'Processing failed, and is tried again';
    const fields = { key, ...failure };
    const now = this.#clock.now();
    const loggedAt = this.#loggedAt.get(key) ?? Number.NEGATIVE_INFINITY;
    if (now - loggedAt < repeatMs || this.#bucket.availableAt > now) {
      this.#unlogged++;
      this.#log.debug(message, fields);
      return;
    }
    this.#bucket.take(now);
    this.#loggedAt.set(key, now);
    this.#log[isFinal ? 'error' : 'warn'](
      message,
      this.#unlogged === 0 ? fields : { ...fields, unlogged: this.#unlogged },
    );
    this.#unlogged = 0;
  }

  /** A key succeeded. */
  succeeded(key: Key): void {
    if (this.#loggedAt.delete(key)) this.#log.info('Processing succeeds again', { key });
  }
}
