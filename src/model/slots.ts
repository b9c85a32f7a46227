// Numbers handed out to keys: the one mechanism behind mesh ports and loopback addresses. A number never moves while
// its key lives, and a freed one rests until nobody can still take it for the key that had it.

import { byText } from './key.ts';

/** Numbers from `first` to `last`, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** Which number belongs to which key. */
export interface Slots {
  /** Numbers in use. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Numbers whose key is gone but which somebody may still take for it: not given away yet. */
  readonly resting: ReadonlySet<number>;
}

/** Slots of which none is taken. */
export const emptySlots: Slots = { assigned: new Map(), resting: new Set() };

/** So many numbers are counted together, so that the lowest free one is found without a look at all that are taken. */
const pageSize = 256;

/**
 * Hands out numbers. It is told what changes: which keys want one, and to whom numbers belong by another's word. What that
 * comes to is said by {@link settle}, which looks at nothing else. {@link assigned} and {@link resting} are the same map
 * and set each time.
 */
export class SlotTable implements Slots {
  readonly #assigned = new Map<string, number>();
  readonly #resting = new Set<number>();
  readonly #holders = new Map<number, string>();
  /** By page: how many of its numbers are held or rest. */
  readonly #taken = new Map<number, number>();
  readonly #wanted = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #claims = new Map<number, string>();
  readonly #claimed = new Map<string, number>();
  /** What {@link settle} has to look at. */
  readonly #keys = new Set<string>();
  readonly #numbers = new Set<number>();
  /** Keys that got or lost a number since {@link settle} was called last. */
  #changed = new Set<string>();

  /** Begins with what was handed out before. What nobody wants of it is freed by the first {@link settle}. */
  constructor({ assigned, resting }: Slots = emptySlots) {
    for (const [key, number] of assigned) {
      if (!this.#holders.has(number)) this.#hold(key, number);
      this.#keys.add(key);
    }
    for (const number of resting) if (!this.#holders.has(number)) this.#rest(number);
  }

  get assigned(): ReadonlyMap<string, number> {
    return this.#assigned;
  }

  get resting(): ReadonlySet<number> {
    return this.#resting;
  }

  /** Keys that want a number and for which none is left, in no particular order. */
  get missing(): ReadonlySet<string> {
    return this.#missing;
  }

  /** Whose number this is; undefined where it is free or rests. */
  keyOf(number: number): string | undefined {
    return this.#holders.get(number);
  }

  /** Has a key want a number. */
  want(key: string): void {
    this.#wanted.add(key);
    this.#keys.add(key);
  }

  /** Has a key want none any more: the one it has comes to rest. */
  unwant(key: string): void {
    this.#wanted.delete(key);
    this.#keys.add(key);
  }

  /**
   * Says to whom a number belongs, whatever this table says of either; undefined: to nobody by that word. A key has one
   * such number at most. One that is nobody's any more stays with its key until another gets it.
   */
  claim(number: number, key: string | undefined): void {
    const before = this.#claims.get(number);
    if (before === key) return;
    if (before !== undefined && this.#claimed.get(before) === number) this.#claimed.delete(before);
    if (key === undefined) {
      this.#claims.delete(number);
    } else {
      this.#claims.set(number, key);
      this.#claimed.set(key, number);
    }
    this.#numbers.add(number);
  }

  /** Ends the rest of numbers: they may be given away again. Returns whether any of them rested. */
  release(released: Iterable<number>): boolean {
    let isAny = false;
    for (const number of released) {
      if (!this.#resting.has(number)) continue;
      this.#wake(number);
      // It goes on resting for as long as it belongs to a key that wants none.
      if (this.#claims.has(number)) this.#numbers.add(number);
      isAny = true;
    }
    return isAny;
  }

  /**
   * Gives every wanted key a number: the one that belongs to it or that it has, where that lies in the ranges, else the
   * lowest that is neither taken nor resting, ranges in their order. Keys that are not wanted free theirs, which rests
   * until {@link release}. Where numbers run out, keys that sort first get them.
   *
   * @returns keys that may have another number than before, or none.
   */
  settle(ranges: readonly NumberRange[]): ReadonlySet<string> {
    for (const key of this.#keys) {
      const claimed = this.#claimed.get(key);
      if (claimed !== undefined) this.#numbers.add(claimed);
    }
    for (const number of this.#numbers) this.#follow(number);
    for (const key of this.#keys) this.#look(key, ranges);
    this.#numbers.clear();
    this.#keys.clear();
    if (this.#missing.size > 0) this.#give(ranges);
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** Has a number be with the key that it belongs to. */
  #follow(number: number): void {
    const key = this.#claims.get(number);
    const holder = this.#holders.get(number);
    if (key === undefined || key === holder) return;
    for (const each of holder === undefined ? [key] : [key, holder]) {
      this.#drop(each);
      this.#keys.add(each);
    }
    this.#wake(number);
    this.#hold(key, number);
  }

  /** Has a key that is not wanted have no number, nor one that lies outside of the ranges. */
  #look(key: string, ranges: readonly NumberRange[]): void {
    const isWanted = this.#wanted.has(key);
    const number = this.#assigned.get(key);
    const isRight = number !== undefined && isWanted && isWithin(ranges, number);
    if (number !== undefined && !isRight) {
      this.#drop(key);
      this.#rest(number);
    }
    if (isWanted && !isRight) this.#missing.add(key);
    else this.#missing.delete(key);
  }

  #give(ranges: readonly NumberRange[]): void {
    const free = this.#free(ranges);
    let next = free.next();
    if (next.done === true) return;
    for (const key of [...this.#missing].toSorted(byText)) {
      if (next.done === true) return;
      this.#hold(key, next.value);
      this.#missing.delete(key);
      next = free.next();
    }
  }

  *#free(ranges: readonly NumberRange[]): Generator<number, undefined> {
    for (const { first, last } of ranges) {
      let number = first;
      while (number <= last) {
        const page = pageOf(number);
        if (this.#taken.get(page) === pageSize) {
          number = (page + 1) * pageSize;
          continue;
        }
        if (!this.#holders.has(number) && !this.#resting.has(number)) yield number;
        number++;
      }
    }
  }

  #hold(key: string, number: number): void {
    this.#assigned.set(key, number);
    this.#holders.set(number, key);
    this.#count(number, 1);
    this.#changed.add(key);
  }

  #drop(key: string): void {
    const number = this.#assigned.get(key);
    if (number === undefined) return;
    this.#assigned.delete(key);
    this.#holders.delete(number);
    this.#count(number, -1);
    this.#changed.add(key);
  }

  #rest(number: number): void {
    this.#resting.add(number);
    this.#count(number, 1);
  }

  #wake(number: number): void {
    if (this.#resting.delete(number)) this.#count(number, -1);
  }

  #count(number: number, difference: 1 | -1): void {
    const page = pageOf(number);
    this.#taken.set(page, (this.#taken.get(page) ?? 0) + difference);
  }
}

/** How many numbers the ranges hold. */
export function countNumbers(ranges: readonly NumberRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function pageOf(number: number): number {
  return Math.floor(number / pageSize);
}

function isWithin(ranges: readonly NumberRange[], number: number): boolean {
  return ranges.some(({ first, last }) => first <= number && number <= last);
}
