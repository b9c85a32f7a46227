// A line that says what is being waited for, where somebody sees it; it is gone when there is something to print.

import type { Output } from './output.ts';

/** What takes less than this needs no word. */
const quietMs = 1_000;

/** The line. */
export class Progress {
  readonly #out: Output;
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  /** @param out - where it is shown; nowhere, if that is no terminal. */
  constructor(out: Output) {
    this.#out = out;
  }

  /** Something begins: it is named if it takes longer than a second. */
  begin(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.say(text), quietMs);
    this.#timer.unref();
  }

  /** Shows this at once, in place of what is shown. */
  say(text: string): void {
    this.clear();
    if (!this.#out.isTerminal) return;
    this.#out.write(this.#out.paint('dim', `… ${text}`));
    this.#isShown = true;
  }

  /** Takes the line away. */
  clear(): void {
    clearTimeout(this.#timer);
    if (this.#isShown) this.#out.write('\r\u{1B}[K');
    this.#isShown = false;
  }
}
