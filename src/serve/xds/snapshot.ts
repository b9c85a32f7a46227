// A published set of resources, and what differs between two of them. Both are shared by every stream: work that
// depends only on what was published is done once, however many proxies there are.

import type { Resource, Resources } from '../../translate/resources.ts';

/** The resources of one type, by name, sorted by name. */
export type ResourceMap = ReadonlyMap<string, Resource>;

/** The resources of a type of which there are none. */
export const noResources: ResourceMap = new Map();

/** A set of resources that was published. */
export interface Snapshot {
  /** 1 for the first one published, and one more for each after it. */
  readonly sequence: number;
  readonly resources: Resources;
}

/** The resources of a type in a snapshot; none for a type that Maesh does not serve. */
export function resourcesOf(snapshot: Snapshot, typeUrl: string): ResourceMap {
  return isServed(snapshot.resources, typeUrl) ? snapshot.resources[typeUrl] : noResources;
}

/** What happened to the resources of a type between two snapshots: names, in the order of the maps. */
export interface Difference {
  /** Names that are new, or whose resource has another version. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

const noDifference: Difference = { changed: [], removed: [] };
const known = new WeakMap<ResourceMap, WeakMap<ResourceMap, Difference>>();

/**
 * Compares two maps of resources by name and version. The answer is kept for as long as both maps live, so that the
 * second stream that asks pays nothing; maps that are the same object are equal without a look.
 */
export function difference(from: ResourceMap, to: ResourceMap): Difference {
  if (from === to) return noDifference;
  let fromThis = known.get(from);
  if (fromThis === undefined) known.set(from, (fromThis = new WeakMap<ResourceMap, Difference>()));
  let answer = fromThis.get(to);
  if (answer === undefined) fromThis.set(to, (answer = compare(from, to)));
  return answer;
}

const lists = new WeakMap<ResourceMap, readonly Resource[]>();

/** The resources of a map as a list. Made once for each map. */
export function listOf(resources: ResourceMap): readonly Resource[] {
  let list = lists.get(resources);
  if (list === undefined) lists.set(resources, (list = [...resources.values()]));
  return list;
}

function compare(from: ResourceMap, to: ResourceMap): Difference {
  const changed: string[] = [];
  const removed: string[] = [];
  for (const [name, resource] of to) {
    const before = from.get(name);
    if (before !== resource && before?.version !== resource.version) changed.push(name);
  }
  for (const name of from.keys()) if (!to.has(name)) removed.push(name);
  return { changed, removed };
}

function isServed(resources: Resources, typeUrl: string): typeUrl is keyof Resources {
  return Object.hasOwn(resources, typeUrl);
}
