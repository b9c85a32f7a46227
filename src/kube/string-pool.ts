// One copy of each text: a namespace or a node's name comes with thousands of objects, each time as a new string.

/** What is kept before all is forgotten: it costs only that texts are kept twice from then on. */
const maxTexts = 50_000;

/** Keeps texts to hand out the same string for the same text. */
export class StringPool {
  readonly #texts = new Map<string, string>();

  /** The first string of this text that the pool was given, or this one. */
  intern(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= maxTexts) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
