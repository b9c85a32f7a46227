// Topology into resources: what every proxy of the mesh is told. Pure, and the same in every replica.

import type { Service, Topology } from '../model/topology.ts';
import { createCallerTags } from './access/caller-tags.ts';
import { createGuardedListeners } from './access/guarded-listeners.ts';
import { withNewEndpoints } from './endpoint-changes.ts';
import type { TranslateOptions } from './options.ts';
import { nextSet } from './resource-set.ts';
import { type Resource, type Resources, typeUrls } from './resources.ts';
import { createServiceTranslator, type PlacedPort, type ServiceResources } from './service-resources.ts';
import { createSharedTranslator, type SharedResources } from './shared-resources.ts';

export type { TranslateOptions } from './options.ts';

/**
 * Makes a translator that does again only what has changed since its last call: it knows services and ports by
 * reference. The result is the same as {@link translate}'s, and resources and types in which nothing changed keep the
 * reference that they had.
 */
export function createTranslator(options: TranslateOptions): (topology: Topology) => Resources {
  const translateService = createServiceTranslator(options);
  const translateShared = createSharedTranslator(options);
  const translateGuarded = createGuardedListeners(options);
  const translateCallers = options.isAccessControlled === true ? createCallerTags() : () => [];
  let services: readonly Service[] = [];
  let before: readonly ServiceResources[] = [];
  let last: Resources = noResources;

  return (topology) => {
    const known = services;
    services = [...topology.services.values()];
    // Mostly each is where it was, which costs less than to look it up.
    const after = services.map((service, index) => {
      const same = service === known[index] ? before[index] : undefined;
      return same ?? translateService(service);
    });
    const next = last === noResources ? undefined : withNewEndpoints(last, { before, after });
    const { callers = nobody } = topology;
    const guarded = translateGuarded(
      after.flatMap((own) => own.guarded),
      callers,
    );
    const all = next ?? putTogether(last, { services: after, guarded, translateShared });
    last = withExtensions(withListeners(all, guarded), translateCallers(callers));
    before = after;
    return last;
  };
}

/** The resources that follow `last`. Types in which nothing changed keep their reference, as does the whole. */
function putTogether(
  last: Resources,
  parts: {
    readonly services: readonly ServiceResources[];
    readonly guarded: readonly Resource[];
    readonly translateShared: (ports: readonly PlacedPort[]) => SharedResources;
  },
): Resources {
  const { services, guarded, translateShared } = parts;
  const shared = translateShared(services.flatMap(({ placed }) => placed));
  const clusters = services.flatMap((own) => own.clusters);
  const endpoints = services.flatMap((own) => own.endpoints);
  const listeners = [...services.flatMap((own) => own.listeners), ...guarded, ...shared.listeners];
  const next: Resources = {
    [typeUrls.cluster]: nextSet(last[typeUrls.cluster], clusters),
    [typeUrls.endpoints]: nextSet(last[typeUrls.endpoints], endpoints),
    [typeUrls.listener]: nextSet(last[typeUrls.listener], listeners),
    [typeUrls.routes]: nextSet(last[typeUrls.routes], shared.routes),
    [typeUrls.scopedRoutes]: nextSet(last[typeUrls.scopedRoutes], shared.scopedRoutes),
    [typeUrls.extensions]: last[typeUrls.extensions],
  };
  return isSame(last, next) ? last : next;
}

/** Replaces listeners of which pods that call have come and gone, and nothing else. */
function withListeners(resources: Resources, guarded: readonly Resource[]): Resources {
  const before = resources[typeUrls.listener];
  const changed = guarded.filter(({ name, version }) => before.get(name)?.version !== version);
  if (changed.length === 0) return resources;
  const after = new Map(before);
  for (const resource of changed) after.set(resource.name, resource);
  return { ...resources, [typeUrls.listener]: after };
}

/** Pods that call come and go apart from everything else. */
function withExtensions(resources: Resources, extensions: readonly Resource[]): Resources {
  const before = resources[typeUrls.extensions];
  const after = nextSet(before, extensions);
  return after === before ? resources : { ...resources, [typeUrls.extensions]: after };
}

const nobody: NonNullable<Topology['callers']> = new Map();

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
  [typeUrls.extensions]: new Map(),
};

function isSame(a: Resources, b: Resources): boolean {
  return Object.values(typeUrls).every((typeUrl) => a[typeUrl] === b[typeUrl]);
}
