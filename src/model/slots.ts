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

/**
 * Gives every wanted key a number: the one it has, where that lies in the ranges, else the lowest that is neither
 * taken nor resting, ranges in their order. Keys that are no longer wanted free theirs, which rests until
 * {@link releaseSlots}. Pure, and independent of the order of `wanted`: where numbers run out, keys that sort first
 * get them.
 *
 * @returns the next slots (the same reference where nothing changed), and the keys for which no number was left, sorted.
 */
export function assignSlots(
  previous: Slots,
  wanted: Iterable<string>,
  ranges: readonly NumberRange[],
): { readonly slots: Slots; readonly unassigned: readonly string[] } {
  const missing = new Set(wanted);
  const assigned = new Map<string, number>();
  const resting = new Set(previous.resting);
  const taken = new Set(previous.resting);
  for (const [key, number] of previous.assigned) {
    taken.add(number);
    if (missing.has(key) && isWithin(ranges, number)) {
      assigned.set(key, number);
      missing.delete(key);
    } else {
      resting.add(number);
    }
  }
  const unassigned: string[] = [];
  if (missing.size > 0) {
    const free = freeNumbers(ranges, taken);
    for (const key of [...missing].toSorted(byText)) {
      const next = free.next();
      if (next.done === true) unassigned.push(key);
      else assigned.set(key, next.value);
    }
  }
  // Every key kept its number exactly where none was freed and none was given.
  const isUnchanged = resting.size === previous.resting.size && assigned.size === previous.assigned.size;
  return { slots: isUnchanged ? previous : { assigned, resting }, unassigned };
}

/** Ends the rest of numbers: they may be given away again. Returns the same reference where none of them rested. */
export function releaseSlots(slots: Slots, released: Iterable<number>): Slots {
  const resting = new Set(slots.resting);
  for (const number of released) resting.delete(number);
  return resting.size === slots.resting.size ? slots : { assigned: slots.assigned, resting };
}

/** How many numbers the ranges hold. */
export function countNumbers(ranges: readonly NumberRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function isWithin(ranges: readonly NumberRange[], number: number): boolean {
  return ranges.some(({ first, last }) => first <= number && number <= last);
}

function* freeNumbers(ranges: readonly NumberRange[], taken: ReadonlySet<number>): Generator<number> {
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) if (!taken.has(number)) yield number;
  }
}
