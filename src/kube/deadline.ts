// A caller's signal and a time limit, as one signal.

import type { Clock, Timer } from '../runtime/clock.ts';

/** Aborts when the caller does or when time is up. To be closed in any case: it leaves a timer and a listener else. */
export class Deadline {
  readonly signal: AbortSignal;
  /** When time is up, on the clock. */
  readonly at: number;
  readonly #timer: Timer;
  readonly #unlink: () => void;
  #isOver = false;

  constructor({
    clock,
    timeoutMs,
    signal,
  }: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal | undefined;
  }) {
    const both = new AbortController();
    this.signal = both.signal;
    this.at = clock.now() + timeoutMs;
    this.#timer = clock.after(timeoutMs, () => {
      this.#isOver = true;
      both.abort();
    });
    const stop = (): void => both.abort(signal?.reason);
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop);
    this.#unlink = () => signal?.removeEventListener('abort', stop);
  }

  /** Whether time was up before the caller aborted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lifts the time limit, not the caller's signal. */
  lift(): void {
    this.#timer.cancel();
  }

  close(): void {
    this.#timer.cancel();
    this.#unlink();
  }
}
