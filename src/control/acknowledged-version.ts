// Up to which version of the record all proxies of this process have acknowledged what was made of it.

interface Built {
  readonly version: string;
  /** The snapshot that proxies were told last when it was built. */
  readonly sequence: number;
}

/**
 * Remembers two versions at most, however far proxies are behind: the one that they have to reach next, and the newest. So
 * the answer may be older than it could be, never newer.
 */
export class AcknowledgedVersion {
  #version: string | undefined;
  #next: Built | undefined;
  #newest: Built | undefined;

  /** The version; undefined before there is one. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Says that what proxies are told by the snapshot of this sequence number was made of this version of the record. */
  built(version: string, sequence: number): void {
    if (version === (this.#newest?.version ?? this.#version)) return;
    this.#newest = { version, sequence };
    this.#next ??= this.#newest;
  }

  /** Says up to which snapshot all proxies have acknowledged. */
  settled(sequence: number): void {
    if (this.#next === undefined || this.#next.sequence > sequence) return;
    this.#version = this.#next.version;
    this.#next = this.#newest;
    if (this.#newest === undefined || this.#newest.sequence > sequence) return;
    this.#version = this.#newest.version;
    this.#next = undefined;
    this.#newest = undefined;
  }
}
