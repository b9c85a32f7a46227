// What a client lacks of resources that it has, besides what is due: it was given a part, or was to be given what is gone by
// now. As long as it lacks something it has not got everything of the snapshot since which it does.

/** Names, each with the sequence since which the client lacks something of it. */
export class Lacking {
  /** What the client may have only a part of yet. */
  readonly #withheld = new Map<string, number>();
  /** What was taken away before the client had got what was due of it, and is to be removed. */
  readonly #missed = new Map<string, number>();

  /** The oldest sequence since which the client lacks something; Infinity where it doesn't. */
  get since(): number {
    // Not by Math.min(...): there may be more names than a call takes arguments.
    let oldest = Infinity;
    for (const names of [this.#withheld, this.#missed])
      for (const since of names.values()) oldest = Math.min(oldest, since);
    return oldest;
  }

  /** What the client may have only a part of yet. */
  withheld(): Iterable<string> {
    return this.#withheld.keys();
  }

  get withholds(): boolean {
    return this.#withheld.size > 0;
  }

  /** Since when the client lacks something of a name of which something is due since then, or nothing (Infinity). */
  sinceOf(name: string, dueSince: number = Infinity): number {
    return Math.min(dueSince, this.#withheld.get(name) ?? Infinity, this.#missed.get(name) ?? Infinity);
  }

  /** The client is given a part. */
  withhold(name: string, since: number): void {
    this.#missed.delete(name);
    this.#withheld.set(name, since);
  }

  /** It is gone before the client had got it. */
  miss(name: string, since: number): void {
    this.#withheld.delete(name);
    this.#missed.set(name, since);
  }

  /** The client is given the whole, or has to have nothing of it. */
  end(name: string): void {
    this.#withheld.delete(name);
    this.#missed.delete(name);
  }
}
