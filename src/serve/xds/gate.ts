// A wait with an end. What comes later in the order waits for what comes before it, but a proxy that never answers
// must not be kept from everything else for ever.

import type { Clock } from '../../runtime/clock.ts';

/** What a {@link Gate} says to who wants to pass. */
export type GateAnswer = 'open' | 'closed' | 'out of patience';

/** Lets pass what waits for nothing, and what has waited for longer than its patience. */
export class Gate {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  #since: number | undefined;
  #warned = false;

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** When patience runs out; undefined while nothing waits, or where it has run out. */
  get deadline(): number | undefined {
    return this.#since === undefined || this.#warned ? undefined : this.#since + this.#patienceMs;
  }

  /**
   * May pass who waits for nothing (`undefined`). `out of patience` is said once, when the wait ends that way; the gate
   * is then `open` until there has been nothing to wait for.
   */
  ask(waitsFor: string | undefined): GateAnswer {
    if (waitsFor === undefined) {
      this.reset();
      return 'open';
    }
    if (this.#warned) return 'open';
    this.#since ??= this.#clock.now();
    if (this.#clock.now() < this.#since + this.#patienceMs) return 'closed';
    this.#warned = true;
    return 'out of patience';
  }

  /** What is waited for makes progress: patience begins anew. */
  extend(): void {
    if (this.#since !== undefined && !this.#warned) this.#since = this.#clock.now();
  }

  /** The wait is over: another one begins with new patience. */
  reset(): void {
    this.#since = undefined;
    this.#warned = false;
  }
}
