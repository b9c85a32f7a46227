// Who is brought up to date now, and who waits. A proxy that has little or nothing costs memory and time until it has
// everything; where many connect at once, few at a time get it, so that the first are served early and memory is bounded.

import type { Clock, Timer } from '../../runtime/clock.ts';

/** How many there may be at a time, and how patient the others are. */
export interface TurnLimits {
  readonly count: number;
  /** Who has not been heard of for this long gives its turn up, if somebody waits for one. */
  readonly silenceMs: number;
}

/** Turns, given in the order in which they were asked for; who had to give one up goes on before those who have had none. */
export class Turns<Key> {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #on: { readonly given: (key: Key) => void; readonly due: () => void };
  /** Who has a turn and when it was last heard of; the longest ago first. */
  readonly #holders = new Map<Key, number>();
  readonly #interrupted = new Set<Key>();
  readonly #returning = new Set<Key>();
  readonly #waiting = new Set<Key>();
  #alarm: Timer | undefined;

  /** @param on - `given`: who waited has a turn now; `due`: the time has come to {@link review}. */
  constructor(
    clock: Clock,
    limits: TurnLimits,
    on: { readonly given: (key: Key) => void; readonly due: () => void },
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#on = on;
  }

  /** Whether nobody has a turn or waits for one. */
  get areOver(): boolean {
    return this.#holders.size === 0 && !this.#isWaitedFor;
  }

  /** Asks for a turn, which it may have already. Returns whether it has one; if not, it waits for it. */
  ask(key: Key): boolean {
    if (this.#holders.has(key)) return true;
    const line = this.#interrupted.has(key) ? this.#returning : this.#waiting;
    line.add(key);
    this.#giveFree(key);
    this.#setAlarm();
    return this.#holders.has(key);
  }

  /** It was heard of. */
  heard(key: Key): void {
    if (!this.#holders.delete(key)) return;
    this.#holders.set(key, this.#clock.now());
  }

  /** It needs no turn, or none any more. */
  end(key: Key): void {
    this.#interrupted.delete(key);
    this.#returning.delete(key);
    this.#waiting.delete(key);
    if (this.#holders.delete(key)) this.#giveFree();
    this.#setAlarm();
  }

  /** Takes turns from those that have been silent for too long. To be called when all that was heard has been acted on. */
  review(): void {
    for (const [key, heardAt] of this.#holders) {
      if (!this.#isWaitedFor || this.#clock.now() < heardAt + this.#limits.silenceMs) break;
      this.#holders.delete(key);
      this.#interrupted.add(key);
      this.#giveFree();
    }
    this.#setAlarm();
  }

  /** Ends its timer. */
  close(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  get #isWaitedFor(): boolean {
    return this.#returning.size + this.#waiting.size > 0;
  }

  /** Gives turns that are free to those that wait for them; `asking` is told otherwise. */
  #giveFree(asking?: Key): void {
    for (const line of [this.#returning, this.#waiting]) {
      for (const key of line) {
        if (this.#holders.size >= this.#limits.count) return;
        line.delete(key);
        this.#interrupted.delete(key);
        this.#holders.set(key, this.#clock.now());
        if (key !== asking) this.#on.given(key);
      }
    }
  }

  #setAlarm(): void {
    const [heardAt] = this.#holders.values();
    if (heardAt === undefined || !this.#isWaitedFor) {
      this.close();
      return;
    }
    if (this.#alarm !== undefined) return;
    const ring = (): void => {
      this.#alarm = undefined;
      this.#on.due();
    };
    const delayMs = heardAt + this.#limits.silenceMs - this.#clock.now();
    this.#alarm = this.#clock.after(Math.max(0, delayMs), ring);
  }
}
