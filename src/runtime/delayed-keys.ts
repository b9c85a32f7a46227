// Keys that wait for their time: a binary heap that knows where each key is, so that a key can be moved or taken out
// without a look at the others.

interface Entry<Key> {
  readonly key: Key;
  dueAt: number;
  /** Number of the call that put it; keys that are due at the same time come out in this order. */
  order: number;
  index: number;
}

/**
 * Keys ordered by the time at which they are due, each at most once. Putting, deleting and taking cost the logarithm of
 * the number of keys. Times are numbers of any unit, but of one; NaN is none of them.
 */
export class DelayedKeys<Key> {
  readonly #heap: Entry<Key>[] = [];
  readonly #entries = new Map<Key, Entry<Key>>();
  #lastOrder = 0;

  /** Number of keys that wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the first key is due; undefined where none waits. */
  get earliest(): number | undefined {
    return this.#heap[0]?.dueAt;
  }

  /** Puts a key. One that waits already keeps the earlier of both times. */
  put(key: Key, dueAt: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (dueAt >= known.dueAt) return;
      known.dueAt = dueAt;
      known.order = ++this.#lastOrder;
      this.#up(known);
      return;
    }
    const entry: Entry<Key> = { key, dueAt, order: ++this.#lastOrder, index: this.#heap.length };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#up(entry);
  }

  /** Takes out the key that is due first, whether its time has come or not; undefined where none waits. */
  takeEarliest(): Key | undefined {
    const first = this.#heap[0];
    if (first !== undefined) this.#remove(first);
    return first?.key;
  }

  /** Takes out a key; does nothing where it doesn't wait. */
  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  /** Takes out every key. */
  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
  }

  #remove(entry: Entry<Key>): void {
    this.#entries.delete(entry.key);
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    // The last one fills the gap. It may belong above or below, depending on which branch it comes from.
    this.#place(last, entry.index);
    this.#up(last);
    this.#down(last);
  }

  #up(entry: Entry<Key>): void {
    for (;;) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (parent === undefined || !isBefore(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #down(entry: Entry<Key>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry<Key>, b: Entry<Key>): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }

  #place(entry: Entry<Key>, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }
}

function isBefore<Key>(a: Entry<Key>, b: Entry<Key>): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}
