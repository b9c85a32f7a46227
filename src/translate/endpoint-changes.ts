// The change that is by far the most frequent, pods that come and go, told apart from all others: it touches endpoints
// and nothing else, so that nothing else has to be put together again.

import { isRoutedAlike } from './group-memo.ts';
import type { Resource, Resources } from './resources.ts';
import { typeUrls } from './resources.ts';
import type { PlacedPort, ServiceResources } from './service-resources.ts';

/**
 * The resources that follow `last` where services differ in nothing but endpoints; `last` itself where they don't even
 * differ in those, and undefined where they do in anything else.
 *
 * @param services what `last` was made of, and what is to follow, each in the order of the services.
 */
export function withNewEndpoints(
  last: Resources,
  services: { readonly before: readonly ServiceResources[]; readonly after: readonly ServiceResources[] },
): Resources | undefined {
  const { before, after } = services;
  if (before.length !== after.length) return undefined;
  const known = last[typeUrls.endpoints];
  const changed: Resource[] = [];
  for (let index = 0; index < after.length; index++) {
    const previous = before[index];
    const next = after[index];
    if (previous === next) continue;
    if (previous === undefined || next === undefined) return undefined;
    if (!differInEndpointsOnly(previous, next)) return undefined;
    changed.push(...next.endpoints.filter(({ name, version }) => known.get(name)?.version !== version));
  }
  if (changed.length === 0) return last;
  // This way of copying leaves a third of the garbage that others do.
  const endpoints = new Map<string, Resource>();
  known.forEach((resource, name) => endpoints.set(name, resource));
  for (const resource of changed) endpoints.set(resource.name, resource);
  return { ...last, [typeUrls.endpoints]: endpoints };
}

function differInEndpointsOnly(a: ServiceResources, b: ServiceResources): boolean {
  return (
    isAlike(a.placed, b.placed, isRoutedAlike) &&
    isAlike(a.guarded, b.guarded, isPlacedAlike) &&
    isAlike(a.clusters, b.clusters, isSame) &&
    isAlike(a.listeners, b.listeners, isSame) &&
    isAlike(a.endpoints, b.endpoints, (one, other) => one.name === other.name)
  );
}

function isAlike<T>(a: readonly T[], b: readonly T[], isPair: (one: T, other: T) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return other !== undefined && isPair(one, other);
    })
  );
}

/** Whether listeners of ports are at the same places; whom they let in is not asked here. */
function isPlacedAlike(a: PlacedPort, b: PlacedPort): boolean {
  return (
    a.port.key === b.port.key &&
    a.number === b.number &&
    a.port.localPort === b.port.localPort &&
    a.service.localAddress === b.service.localAddress
  );
}

function isSame(a: Resource, b: Resource): boolean {
  return a.name === b.name && a.version === b.version;
}
