// How often something may happen for each of many keys.

import { TokenBucket, type Rate } from './rate-limit.ts';

/**
 * A {@link TokenBucket} for each key. It remembers no more than `maxKeys` keys: those for which something happened
 * longest ago are forgotten first, and are as good as new.
 */
export class KeyedBuckets<Key> {
  readonly #rate: Rate;
  readonly #maxKeys: number;
  /** The key for which something happened last comes last. */
  readonly #buckets = new Map<Key, TokenBucket>();

  constructor(rate: Rate, maxKeys: number) {
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  /** How long a key has to wait for its next token, in milliseconds; 0 for none. */
  waitMs(key: Key, now: number): number {
    return Math.max(0, (this.#buckets.get(key)?.availableAt ?? now) - now);
  }

  /** Takes a token of a key, which has not to wait for one. */
  take(key: Key, now: number): void {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate);
    bucket.take(now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#maxKeys) break;
      this.#buckets.delete(oldest);
    }
  }
}
