// Gathers what is said to have changed until it has been quiet for a moment, so that a file is not read halfway
// through being written, and one command that touches many files is one change.

import type { Clock } from '../../runtime/clock.ts';

/** How long changes are gathered, in milliseconds. */
export interface QueueTiming {
  /** Changes are handed over when none has come for so long. */
  readonly quietMs: number;
  /** Changes are handed over after so long even where there is no quiet. */
  readonly ceilingMs: number;
  /** A large file that is still being written is waited for up to here. */
  readonly writingMs: number;
}

/** What to look at. */
export interface Batch {
  readonly paths: readonly string[];
  /** Look at everything: what changed is not known by name. */
  readonly isEverything: boolean;
}

const nothing: Batch = { paths: [], isEverything: false };

interface Touch {
  readonly first: number;
  last: number;
}

/** A queue of changed paths with one reader. */
export class ChangeQueue {
  readonly #clock: Clock;
  readonly #timing: QueueTiming;
  readonly #isLarge: (path: string) => boolean;
  readonly #touches = new Map<string, Touch>();
  #everything: Touch | undefined;
  #wake: (() => void) | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly timing: QueueTiming;
    /** Whether writing this file may take longer than the ceiling. */
    readonly isLarge: (path: string) => boolean;
  }) {
    this.#clock = options.clock;
    this.#timing = options.timing;
    this.#isLarge = options.isLarge;
  }

  /** Says that a path may have changed. */
  touch(path: string): void {
    const now = this.#clock.now();
    const touch = this.#touches.get(path);
    if (touch === undefined) this.#touches.set(path, { first: now, last: now });
    else touch.last = now;
    this.#wake?.();
  }

  /** Says that anything may have changed. */
  touchAll(): void {
    const now = this.#clock.now();
    this.#everything = { first: this.#everything?.first ?? now, last: now };
    this.#wake?.();
  }

  /** Waits for changes, or until `dueAt` (of the clock) or an abort: the batch is then empty. For one reader at a time. */
  async next({ dueAt, signal }: { readonly dueAt: number; readonly signal: AbortSignal }): Promise<Batch> {
    while (!signal.aborted) {
      const now = this.#clock.now();
      if (this.#readyAt() <= now) return this.#take(now);
      if (dueAt <= now && (await this.#isQuiet())) return nothing;
      await this.#sleep(Math.min(this.#readyAt(), dueAt <= now ? Infinity : dueAt) - now, signal);
    }
    return nothing;
  }

  /**
   * Whether nothing has changed that could not be said yet, because the program was busy with something else: what is
   * due must not be done before it is known.
   */
  async #isQuiet(): Promise<boolean> {
    await new Promise(setImmediate);
    return this.#readyAt() === Number.POSITIVE_INFINITY;
  }

  /** When to hand over; infinite where there is nothing. */
  #readyAt(): number {
    const { quietMs, ceilingMs, writingMs } = this.#timing;
    let first = this.#everything?.first ?? Number.POSITIVE_INFINITY;
    let last = this.#everything?.last ?? Number.NEGATIVE_INFINITY;
    let ceiling = first + ceilingMs;
    for (const [path, touch] of this.#touches) {
      first = Math.min(first, touch.first);
      last = Math.max(last, touch.last);
      ceiling = Math.min(ceiling, touch.first + (this.#isLarge(path) ? writingMs : ceilingMs));
    }
    return Math.min(last === Number.NEGATIVE_INFINITY ? first : last + quietMs, ceiling);
  }

  #take(now: number): Batch {
    const { quietMs, writingMs } = this.#timing;
    const isEverything = this.#everything !== undefined;
    this.#everything = undefined;
    const paths: string[] = [];
    for (const [path, { first, last }] of this.#touches) {
      const isBeingWritten = last + quietMs > now && first + writingMs > now && this.#isLarge(path);
      if (isBeingWritten) continue;
      paths.push(path);
      this.#touches.delete(path);
    }
    return { paths, isEverything };
  }

  #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer?.cancel();
        signal.removeEventListener('abort', finish);
        this.#wake = undefined;
        resolve();
      };
      const timer = Number.isFinite(delayMs) ? this.#clock.after(Math.max(delayMs, 1), finish) : undefined;
      // A change while others are gathered only puts the hand-over off, which the end of the sleep finds out.
      if (this.#readyAt() === Number.POSITIVE_INFINITY) this.#wake = finish;
      signal.addEventListener('abort', finish);
    });
  }
}
