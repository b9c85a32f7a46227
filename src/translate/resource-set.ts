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
    if (before !== resource && before?.version !== resource.version) changed.push(resource);
  }
  const hasSameNames = known === previous.size && known === resources.length;
  if (hasSameNames && changed.length === 0) return previous;
  const latest = new Map(previous);
  for (const resource of changed) latest.set(resource.name, resource);
  return hasSameNames ? latest : inOrder(latest, { previous, resources });
}

/** Merges new names into the old order, which is far cheaper than sorting them all where few are new. */
function inOrder(
  latest: ReadonlyMap<string, Resource>,
  { previous, resources }: { readonly previous: ResourceSet; readonly resources: readonly Resource[] },
): ResourceSet {
  const wanted = new Set<string>();
  for (const { name } of resources) wanted.add(name);
  const added = [...wanted].filter((name) => !previous.has(name)).toSorted(byText);
  const next = new Map<string, Resource>();
  const put = (name: string): void => {
    const resource = wanted.has(name) ? latest.get(name) : undefined;
    if (resource !== undefined) next.set(name, resource);
  };
  let index = 0;
  for (const name of previous.keys()) {
    for (let add = added[index]; add !== undefined && add < name; add = added[++index]) put(add);
    put(name);
  }
  for (const name of added.slice(index)) put(name);
  return next;
}
