// What remains to be done, as keys: the contract of client-go's workqueue (k8s.io/client-go/util/workqueue, its package
// comment and queue.go, delaying_queue.go, rate_limiting_queue.go) for one thread with many hands.

import type { Clock } from './clock.ts';
import { Delays } from './delays.ts';
import { Fifo } from './fifo.ts';
import { KeyBackoff } from './key-backoff.ts';
import { silentQueueObserver, type QueueObserver, type QueueState } from './queue-observer.ts';
import { TokenBucket, type Rate } from './rate-limit.ts';

/** How keys that failed are tried again. */
export interface RetryOptions {
  /** Delay after a key's first failure, in milliseconds; each further failure doubles it. 5 by default, as client-go's. */
  readonly firstMs?: number;
  /** Longest delay of a key, in milliseconds. 30,000 by default (client-go: 1,000,000, too long for a mesh). */
  readonly maxMs?: number;
  /** Share of a delay that chance decides, from 0 to 1. 0.5 by default (client-go: none). */
  readonly jitter?: number;
  /**
   * How often retries of all keys together may begin. By default 10 a second with a burst of 100, as client-go's: 5,000
   * keys that failed together take 8 minutes. Keys that are added otherwise are never limited.
   */
  readonly overall?: Rate;
}

/** What a work queue is made of. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** A number from 0 to below 1, each time another, for the jitter of retries; chance by default. */
  readonly random?: () => number;
  readonly retry?: RetryOptions;
  readonly observer?: QueueObserver;
}

/** What becomes of keys that wait when a queue is shut down. */
export type WhatWaits = 'drop' | 'drain';

/**
 * A line of keys with these promises:
 *
 * - A key waits at most once, however often it is added.
 * - Keys are taken in the order in which they began to wait.
 * - A key that is being processed is handed to nobody else. One that is added meanwhile waits again when it is done.
 * - So whoever takes a key and then looks at the world sees every change for which the key was added before.
 *
 * Nothing runs of itself but one timer, for the key whose delay ends first.
 */
export class WorkQueue<Key extends string = string> {
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #backoff: KeyBackoff<Key>;
  readonly #delays: Delays<Key>;
  /** Keys that can be taken, in order: those of #waiting that are not in #processing. */
  readonly #line = new Fifo<Key>();
  /** Keys that remain to be processed, and since when (client-go's dirty set). */
  readonly #waiting = new Map<Key, number>();
  /** Keys that are being processed, and since when. */
  readonly #processing = new Map<Key, number>();
  /** Workers that wait for a key. */
  readonly #idle = new Fifo<(mayTake: boolean) => void>();
  #isOpen = true;
  readonly #ended = Promise.withResolvers<void>();

  constructor({ clock, random = Math.random, retry = {}, observer = silentQueueObserver }: WorkQueueOptions) {
    const { firstMs = 5, maxMs = 30_000, jitter = 0.5, overall = { perSecond: 10, burst: 100 } } = retry;
    this.#clock = clock;
    this.#observer = observer;
    this.#backoff = new KeyBackoff({ clock, random, firstMs, maxMs, jitter });
    this.#delays = new Delays({ clock, retryBucket: new TokenBucket(overall) }, (key) => this.add(key));
    observer.observes(() => this.state());
  }

  /** Number of keys that wait, delayed ones not among them. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Says that a key needs to be processed, now. After a shutdown it is ignored. */
  add(key: Key): void {
    if (!this.#isOpen || this.#waiting.has(key)) return;
    this.#waiting.set(key, this.#clock.now());
    this.#observer.added();
    if (!this.#processing.has(key)) this.#stand(key);
  }

  /**
   * Says that a key needs to be processed after a time; an earlier time wins over a later one. A delay of 0 or less, or
   * that is no number, is none. The delay stands even where the key is processed meanwhile.
   */
  addAfter(key: Key, delayMs: number): void {
    if (!this.#isOpen) return;
    if (delayMs > 0) this.#delays.later(key, delayMs);
    else this.add(key);
  }

  /**
   * Says that a key failed and is to be tried again when its back-off allows. If it is taken before, because somebody
   * added it, that was the retry (client-go would process it once more).
   *
   * @returns how long it waits at the least, in milliseconds; longer where many keys are tried again.
   */
  addRateLimited(key: Key): number {
    const delayMs = this.#backoff.next(key);
    if (!this.#isOpen) return delayMs;
    this.#observer.retried();
    this.#delays.retry(key, delayMs);
    return delayMs;
  }

  /**
   * Says that a key need not be tried again: it succeeded, or never will. Its back-off starts over, and a retry that
   * waits is taken back (client-go keeps that one); whatever else the key waits for stays.
   */
  forget(key: Key): void {
    this.#backoff.forget(key);
    this.#delays.cancelRetry(key);
  }

  /** How often a key failed since it was forgotten last. */
  retries(key: Key): number {
    return this.#backoff.failures(key);
  }

  /** Takes the first key that waits; undefined where none does. Whoever takes a key must say {@link done}. */
  take(): Key | undefined {
    const key = this.#line.shift();
    if (key === undefined) return undefined;
    const now = this.#clock.now();
    const since = this.#waiting.get(key) ?? now;
    this.#waiting.delete(key);
    this.#processing.set(key, now);
    this.#delays.cancelRetry(key);
    this.#observer.taken(now - since);
    return key;
  }

  /**
   * Resolves with true when there is something to take, and with false once there will be nothing any more. Another may
   * have taken it by then; who waits must take. {@link take} is a call of its own so that nothing can happen between
   * taking a key and looking at the world.
   */
  wait(): Promise<boolean> {
    if (this.#line.length > 0) return Promise.resolve(true);
    if (!this.#isOpen) return Promise.resolve(false);
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Says that a taken key has been processed, whether it succeeded or not. Throws where it wasn't taken. */
  done(key: Key): void {
    const since = this.#processing.get(key);
    if (since === undefined) throw new Error(`Cannot be done with ${key}: it was not taken`);
    this.#processing.delete(key);
    this.#observer.done(this.#clock.now() - since);
    if (this.#waiting.has(key)) this.#stand(key);
    this.#endIfEmpty();
  }

  /**
   * Takes no more keys in, and forgets those that are delayed: what they stand for is found again at the next start.
   * Keys that wait are dropped, or are still handed out; who drains may drop the rest by a second call. Workers without a key are told to stop.
   *
   * @returns when everything that is being processed, and with drain everything that waits, is done with. With drain
   * that takes somebody who takes.
   */
  shutDown(whatWaits: WhatWaits): Promise<void> {
    this.#isOpen = false;
    this.#delays.clear();
    if (whatWaits === 'drop') {
      this.#line.clear();
      this.#waiting.clear();
    }
    for (let wake = this.#idle.shift(); wake !== undefined; wake = this.#idle.shift())
      wake(this.#line.length > 0);
    this.#endIfEmpty();
    return this.#ended.promise;
  }

  /** How things are at this moment. */
  state(): QueueState {
    const now = this.#clock.now();
    const ages = [...this.#processing.values()].map((since) => now - since);
    return {
      waiting: this.#waiting.size,
      processing: this.#processing.size,
      delayed: this.#delays.size,
      unfinishedMs: ages.reduce((sum, age) => sum + age, 0),
      longestMs: ages.reduce((longest, age) => Math.max(longest, age), 0),
    };
  }

  #stand(key: Key): void {
    this.#line.push(key);
    this.#idle.shift()?.(true);
  }

  #endIfEmpty(): void {
    if (!this.#isOpen && this.#processing.size === 0 && this.#waiting.size === 0) this.#ended.resolve();
  }
}
