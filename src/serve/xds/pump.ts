// Does small pieces of work soon, each once however often it was asked for, without holding up everything else.

import type { Clock } from '../../runtime/clock.ts';

/** How long work may go on before others get their turn. */
const sliceMs = 5;

/** A set of things that are due. What is asked for in one turn of the event loop is done in the next. */
export class Pump<Item> {
  readonly #clock: Clock;
  readonly #work: (item: Item) => void;
  readonly #idle: () => void;
  readonly #due = new Set<Item>();
  #isScheduled = false;

  /** @param on - `work` does an item, `idle` is called each time when all are done. Neither may throw. */
  constructor(clock: Clock, on: { readonly work: (item: Item) => void; readonly idle: () => void }) {
    this.#clock = clock;
    this.#work = on.work;
    this.#idle = on.idle;
  }

  /** Asks for an item. */
  add(item: Item): void {
    this.#due.add(item);
    this.wake();
  }

  /** An item that needs nothing any more. */
  delete(item: Item): void {
    this.#due.delete(item);
  }

  /** Asks for `idle` alone. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    const end = this.#clock.now() + sliceMs;
    for (const item of this.#due) {
      this.#due.delete(item);
      this.#work(item);
      if (this.#clock.now() >= end) break;
    }
    if (this.#due.size > 0) this.wake();
    else this.#idle();
  }
}
