// Chance that can be repeated: the same seed makes the same choices.

/** A generator of pseudo-random numbers (mulberry32, whose period of 2^32 is more than any test draws). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, but not including, the limit. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of these, each as likely as the other. Throws where there is none. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** Any number of these, from `least` on, in their order. */
  some<T>(items: readonly T[], least = 0): readonly T[] {
    const count = least + this.below(items.length - least + 1);
    const chosen = new Set<T>();
    while (chosen.size < count) chosen.add(this.pick(items));
    return items.filter((item) => chosen.has(item));
  }
}
