// How often something may happen: a token bucket, which lets a few happen at once and many only at a steady rate.

/** A rate: `burst` at once, and `perSecond` in the long run. Both are more than 0; `burst` is a whole number. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * A token bucket, full at first. It has no clock: whoever takes says what time it is, in milliseconds.
 *
 * Kept as one number, the time at which the bucket would be full again (the "theoretical arrival time" of the generic
 * cell rate algorithm, ITU-T I.371), so that nothing has to be filled while time passes.
 */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: Rate) {
    this.#intervalMs = 1000 / perSecond;
    this.#toleranceMs = this.#intervalMs * (burst - 1);
  }

  /** When the next token is there; that time may have passed. */
  get availableAt(): number {
    return this.#fullAt - this.#toleranceMs;
  }

  /** Takes a token. The caller has seen that {@link availableAt} is not after `now`: there is no debt to run up. */
  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#intervalMs;
  }
}
