// The time in which one replica holds a Lease without interruption, and what has to end when that ends.

import type { Clock, Timer } from '../runtime/clock.ts';
import type { LeaseVersion } from './lease-record.ts';

/** A Lease that is ours. */
export interface Held {
  readonly lease: LeaseVersion;
  /** Until when nobody else can have it, on our clock. */
  readonly until: number;
}

/** Holds a Lease from its taking until it is given back, or lost because nobody renewed it in time. */
export class LeaseTerm {
  #held: Held;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #over = new AbortController();
  readonly #leading = new AbortController();
  #expiry: Timer;

  constructor(held: Held, clock: Clock) {
    this.#held = held;
    this.#clock = clock;
    this.#expiry = this.#expireAt(held.until);
  }

  /** As it was read or written last. */
  get held(): Held {
    return this.#held;
  }

  /** Aborts when the Lease may be another's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Aborts when there is nothing more to renew the Lease for. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether it may be another's. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Whether there is nothing more to renew it for. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Runs what the holder does. */
  async lead(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await action(this.#leading.signal);
    } finally {
      this.#over.abort();
    }
  }

  /** Takes note that the Lease is ours for longer. */
  renew(held: Held): void {
    this.#expiry.cancel();
    this.#held = held;
    this.#expiry = this.#expireAt(held.until);
  }

  /** Ends what the holder does; the Lease is kept until that has ended. */
  stop(): void {
    this.#leading.abort();
  }

  /** Ends everything at once: the Lease is another's. */
  lose(): void {
    this.#lost.abort();
    this.#leading.abort();
    this.#over.abort();
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#expiry.cancel();
  }

  #expireAt(until: number): Timer {
    return this.#clock.after(Math.max(0, until - this.#clock.now()), () => this.lose());
  }
}
