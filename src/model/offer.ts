// What sources hand to the rest: the joint between the world and the model.

import type { ObjectKey } from './key.ts';
import type { Kind, KubeObject, ObjectOf } from './objects.ts';
import type { Problem } from './problem.ts';

/**
 * What a source knows of one object now: level, not edge. The object that is there, or undefined where there is none.
 * An object that exists but cannot be read (wrong types, a port out of range, an unknown annotation value) is not
 * offered at all: the last good one stays, and a problem says why.
 */
export interface ObjectChange {
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly object: KubeObject | undefined;
}

/** One consistent step of a source's knowledge. Applied as a whole: nobody sees half of it. */
export interface Offer {
  /** What changed since the last offer. Each key stands at most once. Objects equal to those offered before are left out. */
  readonly changes: readonly ObjectChange[];
  /** Every problem that the source has now; replaces the list of the last offer. Same reference: nothing changed. */
  readonly problems: readonly Problem[];
}

/** The object of a change, as one of the kind that the change names; a source that mixes kinds up is a bug of ours. */
export function objectOf<K extends Kind>({ object }: ObjectChange, kind: K): ObjectOf<K> | undefined {
  if (object === undefined || isKind(object, kind)) return object;
  throw new Error(`an object of kind ${object.kind} was offered as ${kind}`);
}

function isKind<K extends Kind>(object: KubeObject, kind: K): object is ObjectOf<K> {
  return object.kind === kind;
}
