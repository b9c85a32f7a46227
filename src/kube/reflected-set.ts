// The objects of one resource as far as they are known, and how lists and events change that. No input, no output: what
// comes in from where is the reflector's part.

import { keyOf, type ApiObject } from './api-object.ts';
import { compareVersions } from './versions.ts';

/** What is known of one object now. */
export interface ReflectedChange<T> {
  /** `namespace/name`, or `/name` for objects that belong to no namespace. */
  readonly key: string;
  /** Undefined: the object is not there (any more). */
  readonly value: T | undefined;
}

/** How objects become values. */
export interface ReflectedSetOptions<T> {
  /** What is kept of an object; undefined for one that is as good as not there. */
  readonly decode: (object: ApiObject) => T | undefined;
  /** Whether two values say the same: the one before is kept then, and no change told. By default they never do. */
  readonly isSame?: ((before: T, after: T) => boolean) | undefined;
}

/** Kinds of events that are about an object. */
export type ObjectEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

interface Entry<T> {
  readonly version: string;
  readonly value: T | undefined;
}

/**
 * The set has two parts: what was handed over or waits to be, and, while a list comes in, that list. The list takes the
 * place of the rest in one step, when it is complete; until then what was known stays.
 */
export class ReflectedSet<T> {
  readonly #options: ReflectedSetOptions<T>;
  #entries = new Map<string, Entry<T>>();
  #listing: Map<string, Entry<T>> | undefined;
  #position: string | undefined;
  /** Values before the changes that have not been taken, by key. */
  readonly #before = new Map<string, T | undefined>();

  constructor(options: ReflectedSetOptions<T>) {
    this.#options = options;
  }

  /** The version up to which every event is known; undefined where only a list can tell what there is. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Number of objects known of. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is kept of an object. */
  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Every object, in no particular order. */
  *values(): Generator<T, void, undefined> {
    for (const { value } of this.#entries.values()) if (value !== undefined) yield value;
  }

  /** Gives up the position: a list has to come next. */
  forgetPosition(): void {
    this.#position = undefined;
  }

  /** Begins a list; one that has begun before is dropped. */
  beginList(): void {
    this.#listing = new Map();
    this.#position = undefined;
  }

  /** Takes an object of the list, or an event that comes before the list is complete. */
  addToList(object: ApiObject, type: ObjectEventType = 'ADDED'): void {
    const listing = this.#listing ?? new Map<string, Entry<T>>();
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const listed = listing.get(key);
    if (listed !== undefined && isOlder(version, listed.version)) return;
    // A deleted object leaves its version behind, by which an older event of the same object is known as such.
    const entry = type === 'DELETED' ? { version, value: undefined } : this.#entryFor(key, object);
    listing.set(key, entry);
  }

  /** Ends the list: what is on it is what there is, as of the version. */
  endList(version: string): void {
    const listing = this.#listing ?? new Map<string, Entry<T>>();
    for (const [key, entry] of listing) {
      if (entry.value === undefined) listing.delete(key);
      this.#note(key, entry.value);
    }
    for (const key of this.#entries.keys()) if (!listing.has(key)) this.#note(key, undefined);
    this.#entries = listing;
    this.#listing = undefined;
    this.#position = version;
  }

  /** Takes word that every event up to a version has come; one that is older than what is known changes nothing. */
  bookmark(version: string): 'newer' | 'known' {
    if (this.#position !== undefined && !isNewer(version, this.#position)) return 'known';
    this.#position = version;
    return 'newer';
  }

  /**
   * Takes an event. Answers `lost` where it can't be in its place (it is older than what is known, and yet new): the
   * stream can't be trusted, and only a list tells what there is.
   */
  take(type: ObjectEventType, object: ApiObject): 'taken' | 'lost' {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const entry = this.#entries.get(key);
    if (this.#position !== undefined && !isNewer(version, this.#position)) {
      const isRepeated = entry === undefined ? type === 'DELETED' : !isNewer(version, entry.version);
      return isRepeated ? 'taken' : 'lost';
    }
    this.#position = version;
    const after = type === 'DELETED' ? undefined : this.#entryFor(key, object);
    this.#note(key, after?.value);
    if (after?.value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, after);
    return 'taken';
  }

  /** Removes everything: there is no such resource. */
  clear(): void {
    this.beginList();
    this.endList('');
    this.#position = undefined;
  }

  /** What differs from what was taken last, each key once. */
  takeChanges(): readonly ReflectedChange<T>[] {
    const changes: ReflectedChange<T>[] = [];
    for (const [key, before] of this.#before) {
      const value = this.get(key);
      if (value !== before) changes.push({ key, value });
    }
    this.#before.clear();
    return changes;
  }

  /** Notes that a key gets this value, if that is a change. */
  #note(key: string, value: T | undefined): void {
    const before = this.get(key);
    if (before !== value && !this.#before.has(key)) this.#before.set(key, before);
  }

  /** The entry of an object: the one that there is where it says the same. */
  #entryFor(key: string, object: ApiObject): Entry<T> {
    const version = object.metadata.resourceVersion;
    const known = this.#entries.get(key);
    if (known?.version === version) return known;
    const value = this.#options.decode(object);
    const isSame =
      known?.value !== undefined &&
      value !== undefined &&
      this.#options.isSame?.(known.value, value) === true;
    return { version, value: isSame ? known.value : value };
  }
}

function isOlder(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order < 0;
}

/** Whether `a` comes after `b`; versions without an order are taken as they come. */
function isNewer(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order === undefined || order > 0;
}
