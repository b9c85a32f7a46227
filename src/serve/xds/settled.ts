// The newest sequence that every proxy has acknowledged, kept up to date at a cost that does not grow with the number
// of proxies.

/** Knows the smallest of many numbers that only grow while they are there. */
export class SettledSequences<Key> {
  readonly #sequences = new Map<Key, number>();
  /** How many keys stand at a sequence; only few sequences at a time. */
  readonly #counts = new Map<number, number>();

  /** The smallest; undefined where there is none. */
  get least(): number | undefined {
    let least: number | undefined;
    for (const sequence of this.#counts.keys()) if (least === undefined || sequence < least) least = sequence;
    return least;
  }

  set(key: Key, sequence: number): void {
    const before = this.#sequences.get(key);
    if (before === sequence) return;
    if (before !== undefined) this.#uncount(before);
    this.#sequences.set(key, sequence);
    this.#counts.set(sequence, (this.#counts.get(sequence) ?? 0) + 1);
  }

  delete(key: Key): void {
    const before = this.#sequences.get(key);
    if (before === undefined) return;
    this.#sequences.delete(key);
    this.#uncount(before);
  }

  #uncount(sequence: number): void {
    const count = (this.#counts.get(sequence) ?? 0) - 1;
    if (count > 0) this.#counts.set(sequence, count);
    else this.#counts.delete(sequence);
  }
}
