// Who is brought up to date now, and who waits. A proxy that has little or nothing costs memory and time until it has
// everything; where many connect at once, few at a time get it, so that the first are served early and memory is bounded.

import type { Clock, Timer } from '../../runtime/clock.ts';

/** How many there may be at a time, and how patient the others are. */
export interface TurnLimits {
  readonly count: number;
  /** Who has not been heard of for this long gives its turn up, if somebody waits for one. */
  readonly silenceMs: number;
  /** And so does who has had it for this long, so that none who never has enough keeps the others from theirs. */
  readonly longestMs: number;
}

/**
 * Turns, given in the order in which they were asked for. Who gave one up because it was silent goes on before those who
 * have had none, as soon as it is heard of.
 */
export class Turns<Key> {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #on: { readonly given: (key: Key) => void; readonly due: () => void };
  /** Who has a turn, since when, and when it was last heard of. */
  readonly #holders = new Map<Key, { readonly since: number; heardAt: number }>();
  /** Who was silent, and has not been heard of since. */
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
    if (!this.#returning.has(key)) this.#waiting.add(key);
    this.#giveFree(key);
    this.#setAlarm();
    return this.#holders.has(key);
  }

  /** It was heard of. */
  heard(key: Key): void {
    const turn = this.#holders.get(key);
    if (turn !== undefined) turn.heardAt = this.#clock.now();
    if (!this.#interrupted.delete(key)) return;
    this.#waiting.delete(key);
    this.#returning.add(key);
    this.#giveFree();
    this.#setAlarm();
  }

  /** It needs no turn, or none any more. */
  end(key: Key): void {
    this.#interrupted.delete(key);
    this.#returning.delete(key);
    this.#waiting.delete(key);
    if (this.#holders.delete(key)) this.#giveFree();
    this.#setAlarm();
  }

  /** Takes turns from those that must give them up. To be called when all that was heard has been acted on. */
  review(): void {
    const now = this.#clock.now();
    for (const [key, { since, heardAt }] of this.#holders) {
      if (!this.#isWaitedFor) break;
      const isOver = now >= since + this.#limits.longestMs;
      if (!isOver && now < heardAt + this.#limits.silenceMs) continue;
      this.#holders.delete(key);
      if (!isOver) this.#interrupted.add(key);
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
        const now = this.#clock.now();
        this.#holders.set(key, { since: now, heardAt: now });
        if (key !== asking) this.#on.given(key);
      }
    }
  }

  #setAlarm(): void {
    if (this.#holders.size === 0 || !this.#isWaitedFor) {
      this.close();
      return;
    }
    if (this.#alarm !== undefined) return;
    const { silenceMs, longestMs } = this.#limits;
    const ends = this.#holders
      .values()
      .map(({ since, heardAt }) => Math.min(since + longestMs, heardAt + silenceMs));
    const ring = (): void => {
      this.#alarm = undefined;
      this.#on.due();
    };
    this.#alarm = this.#clock.after(Math.max(0, Math.min(...ends) - this.#clock.now()), ring);
  }
}
