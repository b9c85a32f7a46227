// Entity tags for what is immutable and known by reference: who polls is told "as before" without its being written again.

import { randomUUID } from 'node:crypto';

/** Makes an entity tag for each object: the same for the same reference, another for any other, also after a restart. */
export class EntityTags {
  /** Tags are told apart from those of another run by this. */
  readonly #run = randomUUID().slice(0, 8);
  readonly #tags = new WeakMap<object, string>();
  #count = 0;

  /** The tag of a reference. */
  of(reference: object): string {
    const known = this.#tags.get(reference);
    if (known !== undefined) return known;
    this.#count++;
    const tag = `"${this.#run}-${this.#count}"`;
    this.#tags.set(reference, tag);
    return tag;
  }
}

/** Whether the header If-None-Match names the tag (RFC 9110 section 13.1.2; weak tags match as well). */
export function isMatching(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}
