// Time that stands still until a test moves it.

import type { Clock, Timer } from '../../src/runtime/clock.ts';

interface Waiting {
  readonly dueAt: number;
  readonly action: () => void;
}

/** A clock that a test winds forward by hand. Actions run inside {@link advance}, in the order in which they are due. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #waiting = new Set<Waiting>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const waiting = { dueAt: this.#now + delayMs, action };
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }

  /** Number of timers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Moves time forward and runs what is due by then, including what that sets up in turn. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#waiting]
        .filter(({ dueAt }) => dueAt <= end)
        .toSorted((a, b) => a.dueAt - b.dueAt)[0];
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.action();
    }
    this.#now = end;
  }
}
