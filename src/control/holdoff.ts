// When to act on changes: at once when it is quiet, together when they come thick, and never later than a ceiling.

import type { Clock, Timer } from '../runtime/clock.ts';

/** How long changes are gathered. */
export interface HoldoffOptions {
  readonly clock: Clock;
  /** Changes closer together than this are gathered, in milliseconds. */
  readonly quietMs: number;
  /** But a change waits no longer than this, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Gathers changes into calls of one action. The first change after a quiet time is acted on in the next turn of the
 * event loop; those that follow within `quietMs` of one another are gathered until it is quiet or the first of them
 * has waited `maxMs`. The action is never called from within {@link touch}.
 */
export class Holdoff {
  readonly #options: HoldoffOptions;
  readonly #action: () => void;
  #timer: Timer | undefined;
  /** When the action is due; undefined where nothing waits. */
  #dueAt: number | undefined;
  /** When the first change came that has not been acted on. */
  #waitingSince = 0;
  #lastTouch = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: HoldoffOptions, action: () => void) {
    this.#options = options;
    this.#action = action;
  }

  /** Says that something changed. */
  touch(): void {
    const { clock, quietMs, maxMs } = this.#options;
    const now = clock.now();
    const isQuiet = now - this.#lastTouch >= quietMs;
    this.#lastTouch = now;
    if (this.#dueAt === undefined) {
      this.#waitingSince = now;
      this.#schedule(isQuiet ? now : now + quietMs);
    } else if (this.#dueAt > now) {
      this.#schedule(Math.min(now + quietMs, this.#waitingSince + maxMs));
    }
  }

  /** Says that something changed that must not be held back. */
  hurry(): void {
    this.#lastTouch = this.#options.clock.now();
    this.#schedule(this.#lastTouch);
  }

  /** Forgets what waits; nothing is called after, whatever is said. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(dueAt: number): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#dueAt = dueAt;
    this.#timer = this.#options.clock.after(Math.max(0, dueAt - this.#options.clock.now()), () => {
      this.#dueAt = undefined;
      this.#action();
    });
  }
}
