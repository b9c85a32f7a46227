// When keys come back to a work queue: at a time that somebody asked for, or to be tried again after a failure. One
// timer for all of them.

import { longestTimerMs, type Clock, type Timer } from './clock.ts';
import { DelayedKeys } from './delayed-keys.ts';
import type { TokenBucket } from './rate-limit.ts';

/** What delays are measured and limited by. */
export interface DelaysOptions {
  readonly clock: Clock;
  /** Limits how often retries are released, those of all keys together. */
  readonly retryBucket: TokenBucket;
}

/**
 * Holds keys and releases each once when its time has come. A key may wait for both, a time and a retry: the one is
 * somebody's wish and stays until it is fulfilled, the other has no point any more once the key was tried otherwise.
 *
 * Retries take their token when they are released, not when they are asked for as client-go's do: a key that is tried
 * meanwhile costs none, and no debt is run up that delays others for hours (kubernetes/kubernetes#104554,
 * kubernetes-sigs/controller-runtime#1594).
 */
export class Delays<Key> {
  readonly #clock: Clock;
  readonly #retryBucket: TokenBucket;
  readonly #release: (key: Key) => void;
  readonly #later = new DelayedKeys<Key>();
  readonly #retries = new DelayedKeys<Key>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor({ clock, retryBucket }: DelaysOptions, release: (key: Key) => void) {
    this.#clock = clock;
    this.#retryBucket = retryBucket;
    this.#release = release;
  }

  /** Number of delays under way. */
  get size(): number {
    return this.#later.size + this.#retries.size;
  }

  /** Releases a key after a time; the earliest of several counts. */
  later(key: Key, delayMs: number): void {
    this.#later.put(key, this.#clock.now() + delayMs);
    this.#setTimer();
  }

  /** Releases a key to be tried again, after a time at the earliest; the earliest of several counts. */
  retry(key: Key, delayMs: number): void {
    this.#retries.put(key, this.#clock.now() + delayMs);
    this.#setTimer();
  }

  /** Says that a key need not be tried again, or is being tried. */
  cancelRetry(key: Key): void {
    this.#retries.delete(key);
    if (this.size === 0) this.#cancelTimer();
  }

  /** Forgets all of them. */
  clear(): void {
    this.#later.clear();
    this.#retries.clear();
    this.#cancelTimer();
  }

  #nextRetryAt(): number {
    const { earliest } = this.#retries;
    return earliest === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(earliest, this.#retryBucket.availableAt);
  }

  #setTimer(): void {
    const nextAt = Math.min(this.#later.earliest ?? Number.POSITIVE_INFINITY, this.#nextRetryAt());
    // A timer that fires too early costs one look; most are set for a time that stays the first.
    if (this.#timerAt <= nextAt) return;
    this.#timer?.cancel();
    const now = this.#clock.now();
    this.#timerAt = Math.min(nextAt, now + longestTimerMs);
    this.#timer = this.#clock.after(Math.max(0, this.#timerAt - now), () => this.#fire());
  }

  #fire(): void {
    // Node's timers fire up to a millisecond early. Another timer for the rest would be worse than being early.
    const now = Math.max(this.#clock.now(), this.#timerAt);
    this.#cancelTimer();
    while (this.#releaseOne(now));
    this.#setTimer();
  }

  #releaseOne(now: number): boolean {
    const laterAt = this.#later.earliest ?? Number.POSITIVE_INFINITY;
    const retryAt = this.#nextRetryAt();
    if (Math.min(laterAt, retryAt) > now) return false;
    const isRetry = retryAt < laterAt;
    if (isRetry) this.#retryBucket.take(now);
    const key = (isRetry ? this.#retries : this.#later).takeEarliest();
    if (key !== undefined) this.#release(key);
    return key !== undefined;
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}
