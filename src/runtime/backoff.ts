// How long to wait before trying again: longer after each failure, and never in step with others that failed at the
// same moment.

import type { Clock } from './clock.ts';
import { sleep } from './sleep.ts';

/** How waits grow. All times are in milliseconds. */
export interface BackoffOptions {
  readonly clock: Clock;
  /** A number from 0 to below 1, each time another; chance by default. */
  readonly random?: () => number;
  /** The longest that the first wait takes. */
  readonly firstMs: number;
  /** What no wait exceeds. */
  readonly maxMs: number;
  /** By what each wait is longer than the one before; 2 by default. */
  readonly factor?: number;
  /** Which share of a wait chance decides: 0 none, 1 all of it; 0.5 by default. */
  readonly jitter?: number;
  /** A failure so long after the one before counts as the first; only {@link Backoff.reset} forgets by default. */
  readonly forgetAfterMs?: number;
}

/** The waits after the failures of one thing. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #ceilingMs: number;
  /** Until when the failure before is remembered. */
  #rememberedUntil = Number.POSITIVE_INFINITY;

  constructor(options: BackoffOptions) {
    this.#options = {
      random: Math.random,
      factor: 2,
      jitter: 0.5,
      forgetAfterMs: Number.POSITIVE_INFINITY,
      ...options,
    };
    this.#ceilingMs = this.#options.firstMs;
  }

  /** Counts a failure: how long to wait before the next attempt, in milliseconds. */
  next(): number {
    const { clock, random, maxMs, factor, jitter, forgetAfterMs } = this.#options;
    if (clock.now() >= this.#rememberedUntil) this.reset();
    const ceiling = Math.min(this.#ceilingMs, maxMs);
    this.#ceilingMs = Math.min(this.#ceilingMs * factor, maxMs);
    const delay = ceiling * (1 - jitter * random());
    this.#rememberedUntil = clock.now() + delay + forgetAfterMs;
    return delay;
  }

  /** Says that all is well: the next failure counts as the first. */
  reset(): void {
    this.#ceilingMs = this.#options.firstMs;
  }

  /** Counts a failure and waits: at least `atLeastMs`, where somebody asked for that; an abort ends the wait. */
  async wait(signal: AbortSignal, atLeastMs: number = 0): Promise<void> {
    await sleep(Math.max(this.next(), atLeastMs), { clock: this.#options.clock, signal });
  }
}
