// Which of the resources that a client rejected together is at fault. A client says of a whole response that it
// rejects it, not which resource it means, nor what it did with the rest: so they are sent again in halves, and a half
// that is rejected in halves of its own, until what is at fault is alone and everything else is accepted.

/** What a response said of a name: a version, or undefined where it removed the resource. */
export type Verdict = readonly [name: string, version: string | undefined];

/** Names that were rejected together and are to be sent again together. */
export interface Part {
  readonly names: readonly string[];
  /** The oldest sequence of which the rejected response brought a part. */
  readonly since: number;
}

/** The names of one type on one stream that are under suspicion. */
export class Suspects {
  readonly #parts: Part[] = [];
  /** What the client may have applied, by name. */
  readonly #doubtful = new Map<string, Set<string | undefined>>();

  /** Whether a part waits to be sent. */
  get isWaiting(): boolean {
    return this.#parts.length > 0;
  }

  /** The oldest sequence of which a waiting part brings something; Infinity where none waits. */
  get since(): number {
    return this.#parts.reduce((oldest, part) => Math.min(oldest, part.since), Infinity);
  }

  /**
   * Whether it is unknown if the client applied what it was sent for this name. Envoy applies the good clusters and
   * listeners of a response that it rejects, and an accidental part of the routes and endpoints; if a resource cannot
   * be decoded, it applies nothing. In no case does it note the new versions.
   */
  isDoubtful(name: string): boolean {
    return this.#doubtful.has(name);
  }

  /** Versions of a resource of which it is unknown whether the client has one; undefined where that is none at all. */
  doubtsOf(name: string): Iterable<string | undefined> {
    return this.#doubtful.get(name) ?? [];
  }

  /** The client may hold this, or not. */
  doubt([name, version]: Verdict): void {
    const versions = this.#doubtful.get(name);
    if (versions === undefined) this.#doubtful.set(name, new Set([version]));
    else versions.add(version);
  }

  /** The client rejected these together: two or more of them. */
  split(verdicts: readonly Verdict[], since: number): void {
    for (const verdict of verdicts) this.doubt(verdict);
    const names = verdicts.map(([name]) => name);
    const half = names.length >> 1;
    // In front: what is being looked into is settled before another rejection is.
    this.#parts.unshift({ names: names.slice(0, half), since }, { names: names.slice(half), since });
  }

  /** The client rejected this alone, so that it is certain that it has not applied it. */
  settle([name, version]: Verdict): void {
    const versions = this.#doubtful.get(name);
    if (versions?.delete(version) === true && versions.size === 0) this.#doubtful.delete(name);
  }

  /** The next part to send. */
  take(): Part | undefined {
    return this.#parts.shift();
  }

  /** Names of a part for which there was no room: they go next. */
  putBack(part: Part): void {
    this.#parts.unshift(part);
  }

  /** It is known what the client holds of this name. */
  clear(name: string): void {
    this.#doubtful.delete(name);
  }
}
