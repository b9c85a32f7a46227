// How long a key that failed waits before it is tried again: each key for itself.

import { Backoff, type BackoffOptions } from './backoff.ts';

interface Failing {
  readonly backoff: Backoff;
  failures: number;
}

/** Counts the failures of keys. It remembers only keys that failed and weren't forgotten since. */
export class KeyBackoff<Key> {
  readonly #options: BackoffOptions;
  readonly #failing = new Map<Key, Failing>();

  /** @param options how the waits of each key grow. */
  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure and says how long the key has to wait, in milliseconds. */
  next(key: Key): number {
    const failing = this.#failing.get(key) ?? { backoff: new Backoff(this.#options), failures: 0 };
    this.#failing.set(key, failing);
    failing.failures += 1;
    return failing.backoff.next();
  }

  /** Number of failures since the key was forgotten last. */
  failures(key: Key): number {
    return this.#failing.get(key)?.failures ?? 0;
  }

  /** Starts a key over. */
  forget(key: Key): void {
    this.#failing.delete(key);
  }
}
