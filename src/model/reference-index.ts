// Objects that refer to other things, found by what they refer to: a look-up costs what is found, not what there is.

import type { ObjectKey } from './key.ts';
import { addTo, removeFrom } from './maps.ts';

/** Objects by their key and by their references. A reference is any text that both sides make in the same way. */
export class ReferenceIndex<O> {
  readonly #referencesOf: (object: O) => Iterable<string>;
  readonly #objects = new Map<ObjectKey, O>();
  readonly #referring = new Map<string, Set<O>>();

  constructor(referencesOf: (object: O) => Iterable<string>) {
    this.#referencesOf = referencesOf;
  }

  get(key: ObjectKey): O | undefined {
    return this.#objects.get(key);
  }

  /** All objects, in no particular order. */
  objects(): Iterable<O> {
    return this.#objects.values();
  }

  /** Puts an object in the place of the one of its key, or takes that away. */
  set(key: ObjectKey, object: O | undefined): void {
    const old = this.#objects.get(key);
    if (old !== undefined) {
      this.#objects.delete(key);
      for (const reference of this.#referencesOf(old)) removeFrom(this.#referring, reference, old);
    }
    if (object !== undefined) {
      this.#objects.set(key, object);
      for (const reference of this.#referencesOf(object)) addTo(this.#referring, reference, object);
    }
  }

  /** The objects that refer to something, in no particular order. */
  referringTo(reference: string): Iterable<O> {
    return this.#referring.get(reference) ?? [];
  }
}
