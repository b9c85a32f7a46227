// Topology into resources: what every proxy of the mesh is told. Pure, and the same in every replica.

import type { Topology } from '../model/topology.ts';
import type { TranslateOptions } from './options.ts';
import { nextSet } from './resource-set.ts';
import { type Resource, type Resources, typeUrls } from './resources.ts';
import { createServiceTranslator, type PlacedPort } from './service-resources.ts';
import { createSharedTranslator } from './shared-resources.ts';

export type { TranslateOptions } from './options.ts';

/**
 * Makes a translator that does again only what has changed since its last call: it knows services and ports by
 * reference. The result is the same as {@link translate}'s, and resources and types in which nothing changed keep the
 * reference that they had.
 */
export function createTranslator(options: TranslateOptions): (topology: Topology) => Resources {
  const translateService = createServiceTranslator(options);
  const translateShared = createSharedTranslator(options);
  let last: Resources = noResources;

  return (topology) => {
    const clusters: Resource[] = [];
    const endpoints: Resource[] = [];
    const listeners: Resource[] = [];
    const placed: PlacedPort[] = [];
    for (const service of topology.services.values()) {
      const own = translateService(service);
      clusters.push(...own.clusters);
      endpoints.push(...own.endpoints);
      listeners.push(...own.listeners);
      placed.push(...own.placed);
    }
    const shared = translateShared(placed);
    const next: Resources = {
      [typeUrls.cluster]: nextSet(last[typeUrls.cluster], clusters),
      [typeUrls.endpoints]: nextSet(last[typeUrls.endpoints], endpoints),
      [typeUrls.listener]: nextSet(last[typeUrls.listener], [...listeners, ...shared.listeners]),
      [typeUrls.routes]: nextSet(last[typeUrls.routes], shared.routes),
      [typeUrls.scopedRoutes]: nextSet(last[typeUrls.scopedRoutes], shared.scopedRoutes),
    };
    last = isSame(last, next) ? last : next;
    return last;
  };
}

/** Translates from scratch. */
export function translate(topology: Topology, options: TranslateOptions): Resources {
  return createTranslator(options)(topology);
}

const noResources: Resources = {
  [typeUrls.cluster]: new Map(),
  [typeUrls.endpoints]: new Map(),
  [typeUrls.listener]: new Map(),
  [typeUrls.routes]: new Map(),
  [typeUrls.scopedRoutes]: new Map(),
};

function isSame(a: Resources, b: Resources): boolean {
  return Object.values(typeUrls).every((typeUrl) => a[typeUrl] === b[typeUrl]);
}
