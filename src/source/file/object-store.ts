// Which objects there are, out of what every file says of them. Where two files give the same object the first in path
// order counts; where a file no longer tells what it told, what is known stays for as long as the caller says.

import { byText, objectKey, type ObjectKey } from '../../model/key.ts';
import { kinds, type Kind, type KubeObject } from '../../model/objects.ts';
import type { ObjectChange } from '../../model/offer.ts';
import type { Origin, Problem } from '../../model/problem.ts';
import type { ContentPiece } from './content.ts';
import { duplicateProblem } from './file-problem.ts';

/** A file and its place in the order of files: by the named path that led to it, then by its own path. */
export interface FilePlace {
  readonly path: string;
  readonly root: number;
}

/** Orders files. */
export function byPlace(a: FilePlace, b: FilePlace): number {
  return a.root - b.root || byText(a.path, b.path);
}

/** Kind and key in one: unique among all objects. */
export type ObjectId = string;

/**
 * What a file says of an object.
 * - With an object: this is it.
 * - Without: the object is there but cannot be read, and what this file last said of it stays.
 * - Held: the file said so once and doesn't now. It stays only as long as no other file gives the object.
 */
interface Claim {
  readonly id: ObjectId;
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly place: FilePlace;
  line: number;
  readonly object: KubeObject | undefined;
  isHeld: boolean;
}

interface StoredFile {
  readonly claims: ReadonlyMap<ObjectId, Claim>;
  /** Claims on objects that the same file has claimed further up. */
  readonly repeated: readonly Claim[];
}

interface StoredObject {
  /** Sorted by the place of their files; at most one a file. */
  readonly claims: Claim[];
  offered: OfferedObject | undefined;
}

interface OfferedObject {
  readonly object: KubeObject;
  /** The same object as its file gives it. */
  source: KubeObject;
  /** Belongs to `object`, which others hold: it follows the object as lines and files move. */
  readonly origin: { file: string; line?: number };
}

/** The objects of a set of files. Nothing is offered by itself: {@link ObjectStore.takeChanges} says what is new. */
export class ObjectStore {
  readonly #files = new Map<string, StoredFile>();
  readonly #objects = new Map<ObjectId, StoredObject>();
  readonly #touched = new Set<ObjectId>();
  /** Objects that several files give. */
  readonly #contested = new Set<ObjectId>();
  /** Files that give an object more than once. */
  readonly #repeating = new Set<string>();

  /**
   * Takes a version of a file. With `keeps: 'missing'`, objects that the version before gave and this one doesn't are
   * held; of those with an id in `drops`, nothing is.
   *
   * @returns the number of objects held.
   */
  setFile(
    place: FilePlace,
    version: {
      readonly pieces: readonly ContentPiece[];
      readonly keeps: 'missing' | 'nothing';
      readonly drops?: ReadonlySet<ObjectId>;
    },
  ): number {
    const previous = this.#files.get(place.path)?.claims ?? new Map<ObjectId, Claim>();
    const claims = new Map<ObjectId, Claim>();
    const repeated: Claim[] = [];
    for (const claim of claimsOf(place, version.pieces)) {
      if (claims.has(claim.id)) repeated.push(claim);
      else claims.set(claim.id, this.#renew(previous.get(claim.id), claim));
    }
    let held = 0;
    for (const claim of previous.values()) {
      if (claims.has(claim.id)) continue;
      if (version.keeps === 'missing' && version.drops?.has(claim.id) !== true) {
        held += 1;
        claims.set(claim.id, claim);
        this.#hold(claim);
      } else this.#detach(claim);
    }
    this.#put(place.path, { claims, repeated });
    return held;
  }

  /** Ids of the objects of a file that are held. */
  heldIn(path: string): readonly ObjectId[] {
    const claims = this.#files.get(path)?.claims.values() ?? [];
    return [...claims].filter(({ isHeld }) => isHeld).map(({ id }) => id);
  }

  /** Holds every object of a file: the file is gone, and may come back. */
  holdFile(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    for (const claim of file.claims.values()) this.#hold(claim);
    this.#put(path, { claims: file.claims, repeated: [] });
  }

  /** Forgets a file and its objects. */
  dropFile(path: string): void {
    for (const claim of this.#files.get(path)?.claims.values() ?? []) this.#detach(claim);
    this.#files.delete(path);
    this.#repeating.delete(path);
  }

  /** What has changed since the last call, sorted by kind and key: objects that differ, and those that are gone. */
  takeChanges(): readonly ObjectChange[] {
    const changes: ObjectChange[] = [];
    for (const id of this.#touched) {
      const stored = this.#objects.get(id);
      if (stored === undefined) continue;
      const change = this.#settle(id, stored);
      if (change !== undefined) changes.push(change);
    }
    this.#touched.clear();
    return changes.toSorted(byKindAndKey);
  }

  /** A problem for each object that is given more than once, but not for the first. */
  duplicates(): readonly Problem[] {
    const problems: Problem[] = [];
    for (const id of this.#contested) {
      const [first, ...others] = this.#objects.get(id)?.claims.filter(({ isHeld }) => !isHeld) ?? [];
      if (first === undefined) continue;
      for (const claim of others) problems.push(duplicateProblem(claim, originOf(claim), originOf(first)));
    }
    for (const path of this.#repeating) {
      const file = this.#files.get(path);
      for (const claim of file?.repeated ?? []) {
        const first = file?.claims.get(claim.id);
        if (first !== undefined) problems.push(duplicateProblem(claim, originOf(claim), originOf(first)));
      }
    }
    return problems;
  }

  /** The claim to keep for a file's object: the one before, moved to its new line, where it says the same. */
  #renew(previous: Claim | undefined, claim: Claim): Claim {
    const says = previous?.object === claim.object && previous !== undefined && !previous.isHeld;
    if (says && previous.place.root === claim.place.root) {
      if (previous.line !== claim.line) this.#touched.add(claim.id);
      previous.line = claim.line;
      return previous;
    }
    if (previous !== undefined) this.#detach(previous);
    this.#attach(claim);
    return claim;
  }

  #put(path: string, file: StoredFile): void {
    this.#files.set(path, file);
    if (file.repeated.length > 0) this.#repeating.add(path);
    else this.#repeating.delete(path);
  }

  #attach(claim: Claim): void {
    let stored = this.#objects.get(claim.id);
    if (stored === undefined) {
      stored = { claims: [], offered: undefined };
      this.#objects.set(claim.id, stored);
    }
    stored.claims.push(claim);
    stored.claims.sort((a, b) => byPlace(a.place, b.place));
    this.#touch(claim.id, stored);
  }

  #detach(claim: Claim): void {
    const stored = this.#objects.get(claim.id);
    if (stored === undefined) return;
    stored.claims.splice(stored.claims.indexOf(claim), 1);
    this.#touch(claim.id, stored);
  }

  #hold(claim: Claim): void {
    if (claim.isHeld) return;
    claim.isHeld = true;
    const stored = this.#objects.get(claim.id);
    if (stored !== undefined) this.#touch(claim.id, stored);
  }

  #touch(id: ObjectId, { claims }: StoredObject): void {
    this.#touched.add(id);
    if (claims.length > 1) this.#contested.add(id);
    else this.#contested.delete(id);
  }

  #settle(id: ObjectId, stored: StoredObject): ObjectChange | undefined {
    const { offered } = stored;
    const winner = winnerOf(stored);
    if (winner === 'offered') return undefined;
    if (winner?.object === undefined) {
      stored.offered = undefined;
      if (stored.claims.length === 0) this.#objects.delete(id);
      return offered === undefined
        ? undefined
        : { kind: offered.object.kind, key: keyOf(offered.object), object: undefined };
    }
    if (offered !== undefined && isSame(offered.source, winner.object)) {
      offered.source = winner.object;
      Object.assign(offered.origin, originOf(winner));
      return undefined;
    }
    const origin = originOf(winner);
    const object = { ...winner.object, origin };
    stored.offered = { object, source: winner.object, origin };
    return { kind: winner.kind, key: winner.key, object };
  }
}

/** The claim that counts; `offered` where what was offered stays; undefined where there is nothing. */
function winnerOf({ claims, offered }: StoredObject): Claim | 'offered' | undefined {
  for (const claim of claims) {
    if (claim.isHeld) continue;
    if (claim.object !== undefined) return claim;
    if (offered?.origin.file === claim.place.path) return 'offered';
  }
  return claims.length > 0 && offered !== undefined ? 'offered' : undefined;
}

function* claimsOf(place: FilePlace, pieces: readonly ContentPiece[]): Generator<Claim> {
  for (const { line, reading } of pieces) {
    for (const object of reading.objects) {
      const key = keyOf(object);
      yield { id: `${object.kind} ${key}`, kind: object.kind, key, place, line, object, isHeld: false };
    }
    for (const { kind, key } of reading.unreadable) {
      yield { id: `${kind} ${key}`, kind, key, place, line, object: undefined, isHeld: false };
    }
  }
}

function keyOf(object: KubeObject): ObjectKey {
  return objectKey(object.namespace, object.name);
}

function originOf({ place, line }: Claim): Required<Origin> {
  return { file: place.path, line };
}

/** Whether two objects say the same. Parsing writes fields in one order and sorts maps, so their JSON tells. */
function isSame(a: KubeObject, b: KubeObject): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function byKindAndKey(a: ObjectChange, b: ObjectChange): number {
  return kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || byText(a.key, b.key);
}
