// The resources of one type, as a sorted map that keeps what has not changed.

import { byText } from '../model/key.ts';
import type { Resource } from './resources.ts';

/** The resources of one type, by name, in the order of their names. */
export type ResourceSet = ReadonlyMap<string, Resource>;

/**
 * Makes the set that follows another. A resource whose content is as before keeps its old reference, and a set in
 * which nothing changed is the old set. Names are unique.
 */
export function nextSet(previous: ResourceSet, resources: readonly Resource[]): ResourceSet {
  const changed: Resource[] = [];
  let known = 0;
  for (const resource of resources) {
    const before = previous.get(resource.name);
    if (before !== undefined) known++;
    if (before === undefined || (before !== resource && before.version !== resource.version))
      changed.push(resource);
  }
  const hasSameNames = known === previous.size && known === resources.length;
  if (hasSameNames && changed.length === 0) return previous;
  if (hasSameNames) {
    const next = new Map(previous);
    for (const resource of changed) next.set(resource.name, resource);
    return next;
  }
  return sortedSet(previous, resources);
}

function sortedSet(previous: ResourceSet, resources: readonly Resource[]): ResourceSet {
  const next = new Map<string, Resource>();
  for (const resource of resources.toSorted((a, b) => byText(a.name, b.name))) {
    const before = previous.get(resource.name);
    next.set(resource.name, before?.version === resource.version ? before : resource);
  }
  return next;
}
