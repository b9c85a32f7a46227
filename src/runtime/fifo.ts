// First in, first out, in constant time however long the line is (an array's own shift moves everything behind it).

/** A line of things. */
export class Fifo<T> {
  /** Things in the order in which they came. */
  #back: T[] = [];
  /** Older things, the oldest last. */
  #front: T[] = [];

  /** Number of things in line. */
  get length(): number {
    return this.#back.length + this.#front.length;
  }

  /** Puts a thing at the end. */
  push(item: T): void {
    this.#back.push(item);
  }

  /** Takes the first thing; undefined where there is none. */
  shift(): T | undefined {
    if (this.#front.length === 0) {
      this.#front = this.#back.toReversed();
      this.#back = [];
    }
    return this.#front.pop();
  }

  /** Takes out everything. */
  clear(): void {
    this.#back = [];
    this.#front = [];
  }
}
