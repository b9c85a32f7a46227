// Long work in slices, so that the event loop gets its turn in between.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work may go on before others get their turn, in milliseconds. */
const sliceMs = 4;

/** Measures pieces of work. Time is the machine's own: it is about the real event loop, whatever a test's clock says. */
export class Turns {
  #usedMs = 0;

  /** Does a piece of work, and lets others have their turn after it if they have waited long enough. */
  async spend<T>(work: () => T): Promise<T> {
    const start = performance.now();
    const result = work();
    this.#usedMs += performance.now() - start;
    if (this.#usedMs >= sliceMs) {
      this.#usedMs = 0;
      await nextTurn();
    }
    return result;
  }
}
