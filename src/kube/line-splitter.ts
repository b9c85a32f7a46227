// Bytes of a stream → its lines. What is left of a chunk waits for the next; a line has a limit.

const lineFeed = 10;

/** A stream of bytes has a line that is longer than any that is expected. */
export class LongLineError extends Error {
  override readonly name = 'LongLineError';
}

/** Splits one stream. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream is in the middle of a line. */
  get isMidLine(): boolean {
    return this.#restBytes > 0;
  }

  /**
   * The lines that a chunk ends, without their line feeds.
   *
   * @throws {@link LongLineError} when there is more of a line than the limit.
   */
  *push(chunk: Buffer): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      yield this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#rest.push(chunk.subarray(start));
    this.#restBytes += chunk.length - start;
    if (this.#restBytes > this.#maxBytes)
      throw new LongLineError(`A line has more than ${this.#maxBytes} bytes`);
  }

  #finish(end: Buffer): string {
    if (this.#restBytes === 0) return end.toString('utf8');
    const line = Buffer.concat([...this.#rest, end]).toString('utf8');
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }
}
