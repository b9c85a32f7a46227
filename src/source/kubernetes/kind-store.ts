// What is known of the objects of one kind: the last good one of each, and what is wrong with those that can't be read.

import { isDeepStrictEqual } from 'node:util';
import type { ObjectKey } from '../../model/key.ts';
import type { KubeObject, Kind } from '../../model/objects.ts';
import type { ObjectChange } from '../../model/offer.ts';
import type { Problem } from '../../model/problem.ts';
import type { Parsed } from '../parse/parsed.ts';

/** An object as the server has it now, read. Undefined: it is not there. */
export interface Reading {
  readonly key: ObjectKey;
  readonly value: Parsed | undefined;
}

/** The objects of one kind. An object that can't be read keeps its last good version; its problems stay beside it. */
export class KindStore {
  readonly #kind: Kind;
  readonly #objects = new Map<ObjectKey, KubeObject>();
  readonly #problems = new Map<ObjectKey, readonly Problem[]>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  /** Every problem, in no particular order. */
  *problems(): Generator<Problem> {
    for (const problems of this.#problems.values()) yield* problems;
  }

  /** Takes readings in, each key once; returns what changed by them, and whether a problem came or went. */
  take(readings: readonly Reading[]): {
    readonly changes: readonly ObjectChange[];
    readonly isProblemChange: boolean;
  } {
    const changes: ObjectChange[] = [];
    let isProblemChange = false;
    for (const { key, value } of readings) {
      const problems = value !== undefined && 'problems' in value ? value.problems : undefined;
      isProblemChange = this.#setProblems(key, problems) || isProblemChange;
      if (problems !== undefined) continue;
      const object = value !== undefined && 'object' in value ? value.object : undefined;
      if (this.#setObject(key, object)) changes.push({ kind: this.#kind, key, object });
    }
    return { changes, isProblemChange };
  }

  #setObject(key: ObjectKey, object: KubeObject | undefined): boolean {
    const old = this.#objects.get(key);
    if (old === object || (old !== undefined && isDeepStrictEqual(old, object))) return false;
    if (object === undefined) this.#objects.delete(key);
    else this.#objects.set(key, object);
    return true;
  }

  #setProblems(key: ObjectKey, problems: readonly Problem[] | undefined): boolean {
    const old = this.#problems.get(key);
    if (isDeepStrictEqual(old, problems)) return false;
    if (problems === undefined) this.#problems.delete(key);
    else this.#problems.set(key, problems);
    return true;
  }
}
