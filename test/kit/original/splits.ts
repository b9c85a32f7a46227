// What the original made of a TrafficSplit: a router that comes before the root's own, and a weighted service of backends
// that are reached by their mesh names, through a proxy a second time.

import type {
  KubeHttpMatch,
  KubeService,
  KubeServicePort,
  KubeTrafficSplit,
} from '../../../src/model/objects.ts';
import type { DynamicConfiguration, Weighted } from './dynamic.ts';
import { hostRule, level, narrowedRule, priorityOf } from './rules.ts';
import { addMiddlewares } from './services.ts';
import { entryPointName, keyOf, type EntryPort, type OriginalWorld } from './world.ts';

/** What is to be known of a split to add it. */
export interface SplitContext {
  readonly world: OriginalWorld;
  /** Where connections to a service's port arrive, which DNS and kube-proxy see to in a cluster: `address:port`. */
  readonly placeOf: (service: KubeService, port: number) => string;
  /** Name of a middleware that stands before the root's own, as access control has one. */
  readonly whitelist?: string;
}

/** Adds a TrafficSplit, unless its root is missing or out of the mesh, or a split leads back to where it began. */
export function addSplit(to: DynamicConfiguration, split: KubeTrafficSplit, context: SplitContext): void {
  const { world } = context;
  const root = world.services.get(`${split.namespace}/${split.service}`);
  const annotations = root && world.annotationsOf(root);
  if (root === undefined || annotations === undefined || isCircle(split, world)) return;
  const matches = matchesOf(split, world);
  if (matches === undefined) return;
  const middlewares = [
    ...(context.whitelist === undefined ? [] : [context.whitelist]),
    ...addMiddlewares(to, root, annotations),
  ];
  for (const entry of world.entryPorts(root)) {
    const key = `${split.namespace}-${root.name}-${split.name}-${entry.port.port}`;
    const service = `${key}-traffic-split`;
    const router = { entryPoints: [entryPointName(entry)], service };
    if (annotations.traffic === 'http') {
      const rule = narrowedRule(hostRule(root), matches);
      const priority = priorityOf(rule, level.split);
      to.http.routers[`${service}-direct`] = { ...router, rule, priority, middlewares };
      to.http.services[service] = { weighted: addBackends(to, split, { key, entry, context }) };
    } else {
      // The place of a Service's own router, which came first.
      const own = `${root.namespace}-${root.name}-${entry.port.port}`;
      if (annotations.traffic === 'tcp') {
        to.tcp.routers[own] = { ...router, rule: 'HostSNI(`*`)' };
        to.tcp.services[service] = { weighted: addBackends(to, split, { key, entry, context }) };
      } else {
        to.udp.routers[own] = router;
        to.udp.services[service] = { weighted: addBackends(to, split, { key, entry, context }) };
      }
    }
  }
}

/** Backends of a split that the mesh knows, with all ports of the root. */
export function backendsOf(
  { namespace, service, backends }: KubeTrafficSplit,
  world: OriginalWorld,
): ReadonlyArray<{ readonly backend: KubeService; readonly weight: number }> {
  const ports = world.services.get(`${namespace}/${service}`)?.ports ?? [];
  return backends
    .map(({ service: name, weight }) => ({ backend: world.services.get(`${namespace}/${name}`), weight }))
    .filter((found): found is { backend: KubeService; weight: number } => found.backend !== undefined)
    .filter(({ backend }) => ports.every(({ port }) => backend.ports.some((each) => each.port === port)));
}

function addBackends(
  to: DynamicConfiguration,
  split: KubeTrafficSplit,
  at: { readonly key: string; readonly entry: EntryPort; readonly context: SplitContext },
): Weighted {
  const { world, placeOf } = at.context;
  const root = world.services.get(`${split.namespace}/${split.service}`);
  const { traffic = 'http', scheme = 'http' } = (root && world.annotationsOf(root)) ?? {};
  const services = backendsOf(split, world).map(({ backend, weight }) => {
    const name = `${at.key}-${backend.name}-traffic-split-backend`;
    if (traffic === 'http') {
      const url = `${scheme}://${backend.name}.${backend.namespace}.traefik.mesh:${at.entry.port.port}`;
      to.http.services[name] = { loadBalancer: { passHostHeader: false, servers: [{ url }] } };
    } else {
      const address = placeOf(backend, targetNumber(at.entry.port));
      to[traffic].services[name] = { loadBalancer: { servers: [{ address }] } };
    }
    return { name, weight };
  });
  return services.length === 0 ? {} : { services };
}

/** Connections and datagrams went to the port that is the root's target, as a number. */
function targetNumber({ targetPort }: KubeServicePort): number {
  return typeof targetPort === 'number' ? targetPort : 0;
}

function matchesOf(split: KubeTrafficSplit, world: OriginalWorld): readonly KubeHttpMatch[] | undefined {
  const found = split.routeGroups.map((name) => world.matchesOf(split.namespace, name, []));
  return found.includes(undefined) ? undefined : found.flatMap((matches) => matches ?? []);
}

/** Whether a split, or one of its backends' and so on, leads to a service that was passed before. */
function isCircle(split: KubeTrafficSplit, world: OriginalWorld, passed: readonly string[] = []): boolean {
  const root = `${split.namespace}/${split.service}`;
  if (passed.includes(root)) return true;
  return backendsOf(split, world).some(({ backend }) => {
    const key = keyOf(backend);
    if (key === root || passed.includes(key)) return true;
    const next = world.splits.filter(({ namespace, service }) => `${namespace}/${service}` === key);
    return next.some((each) => isCircle(each, world, [...passed, root]));
  });
}
