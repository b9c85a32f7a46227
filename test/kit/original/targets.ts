// What the original made of TrafficTargets where access was controlled: routers with a whitelist of the sources' addresses
// before the pods of one service account, and one that refuses everything else.

import type { KubeHttpMatch, KubePod, KubeService, KubeTrafficTarget } from '../../../src/model/objects.ts';
import type { DynamicConfiguration, HttpRouter } from './dynamic.ts';
import { hostRule, indirectRule, level, narrowedRule, priorityOf } from './rules.ts';
import { addMiddlewares, httpServers, l4Servers } from './services.ts';
import { backendsOf } from './splits.ts';
import { entryPointName, type EntryPort, type OriginalWorld } from './world.ts';

const blockAll = { service: 'block-all-service', middleware: 'block-all-middleware' };

/** Adds what refuses requests, once for a mesh. */
export function addBlockAll({ http }: DynamicConfiguration): void {
  http.services[blockAll.service] = { loadBalancer: { passHostHeader: false } };
  http.middlewares[blockAll.middleware] = { ipWhiteList: { sourceRange: ['255.255.255.255'] } };
}

/** Adds what leads to a Service's pods, for those whom TrafficTargets let in. */
export function addControlledService(
  to: DynamicConfiguration,
  world: OriginalWorld,
  service: KubeService,
): void {
  const annotations = world.annotationsOf(service);
  if (annotations === undefined) return;
  const { traffic } = annotations;
  if (traffic === 'http') {
    for (const entry of world.entryPorts(service)) {
      to.http.routers[`${service.namespace}-${service.name}-${entry.port.port}`] = {
        entryPoints: [entryPointName(entry)],
        rule: hostRule(service),
        priority: 1,
        service: blockAll.service,
        middlewares: [blockAll.middleware],
      };
    }
  }
  for (const { target, pods } of targetsOf(service, world)) {
    if (traffic === 'http') addHttpTarget(to, world, { service, target, pods });
    else if (traffic === 'tcp') addTcpTarget(to, world, { service, target, pods });
    // UDP was refused.
  }
}

/** Addresses of those whom the TrafficTargets of a service let in, whatever for. */
export function allowedSources(service: KubeService, world: OriginalWorld): ReadonlySet<string> {
  return new Set(targetsOf(service, world).flatMap(({ target }) => sourceAddresses(target, world)));
}

/** Adds a whitelist under a name; without addresses there was none, and the router that names it fails. */
export function addWhitelist(
  { http }: DynamicConfiguration,
  name: string,
  { addresses, isIndirect = false }: { readonly addresses: readonly string[]; readonly isIndirect?: boolean },
): void {
  if (addresses.length === 0) return;
  http.middlewares[name] = {
    ipWhiteList: { sourceRange: addresses, ...(isIndirect && { ipStrategy: { depth: 1 } }) },
  };
}

/** A TrafficTarget that is about some pods of a service. */
interface AppliedTarget {
  readonly service: KubeService;
  readonly target: KubeTrafficTarget;
  /** Those of its service account. */
  readonly pods: readonly KubePod[];
}

function targetsOf(service: KubeService, world: OriginalWorld): Array<Omit<AppliedTarget, 'service'>> {
  return world.targets
    .map((target) => ({
      target,
      pods: world
        .podsOf(service)
        .filter(
          ({ namespace, serviceAccount }) =>
            namespace === target.destination.namespace && serviceAccount === target.destination.name,
        ),
    }))
    .filter(({ pods }) => pods.length > 0)
    .filter(
      ({ target }) => portsOf(service, target, world).length > 0 && matchesOf(target, world) !== undefined,
    );
}

/** The port of a TrafficTarget was compared with targetPorts that are numbers. */
function portsOf(
  service: KubeService,
  { port }: KubeTrafficTarget,
  world: OriginalWorld,
): readonly EntryPort[] {
  const all = world.entryPorts(service);
  if (port === undefined) return all;
  // What is left began at the first entry point again.
  return all
    .filter((entry) => entry.port.targetPort === port)
    .map((entry, index) => ({ ...entry, entryPort: all[index]?.entryPort ?? entry.entryPort }));
}

function addHttpTarget(to: DynamicConfiguration, world: OriginalWorld, applied: AppliedTarget): void {
  const { service, target, pods } = applied;
  const annotations = world.annotationsOf(service);
  const matches = matchesOf(target, world);
  if (annotations === undefined || matches === undefined) return;
  const own = addMiddlewares(to, service, annotations);
  const name = `${service.namespace}-${service.name}-${target.name}`;
  const addresses = sourceAddresses(target, world);
  const rule = narrowedRule(hostRule(service), matches);
  const isBackend = world.splits.some((split) =>
    backendsOf(split, world).some(({ backend }) => backend === service),
  );
  for (const entry of portsOf(service, target, world)) {
    const { port } = entry;
    const key = `${name}-${port.port}-traffic-target`;
    to.http.services[key] = httpServers(pods, port, annotations.scheme);
    const router = (kind: 'direct' | 'indirect'): HttpRouter => {
      const isIndirect = kind === 'indirect';
      const whitelist = `${name}-whitelist-traffic-target-${kind}`;
      addWhitelist(to, whitelist, { addresses, isIndirect });
      const all = isIndirect ? indirectRule(rule) : rule;
      const priority = priorityOf(all, isIndirect ? level.targetIndirect : level.target);
      const middlewares = [whitelist, ...own];
      return { entryPoints: [entryPointName(entry)], service: key, rule: all, priority, middlewares };
    };
    to.http.routers[`${key}-direct`] = router('direct');
    if (isBackend) to.http.routers[`${key}-indirect`] = router('indirect');
  }
}

function addTcpTarget(to: DynamicConfiguration, world: OriginalWorld, applied: AppliedTarget): void {
  const { service, target, pods } = applied;
  if (!target.rules.some(({ kind }) => kind === 'TCPRoute')) return;
  for (const entry of portsOf(service, target, world)) {
    const { port } = entry;
    const key = `${service.namespace}-${service.name}-${port.port}`;
    to.tcp.services[key] = l4Servers(pods, port);
    to.tcp.routers[key] = { entryPoints: [entryPointName(entry)], service: key, rule: 'HostSNI(`*`)' };
  }
}

/** Undefined where something that a rule names isn't there. A TCPRoute says nothing of requests. */
function matchesOf(
  { namespace, rules }: KubeTrafficTarget,
  world: OriginalWorld,
): readonly KubeHttpMatch[] | undefined {
  const found = rules.map(({ kind, name, matches }) => {
    if (kind === 'HTTPRouteGroup') return world.matchesOf(namespace, name, matches);
    return kind === 'TCPRoute' && world.hasTcpRoute(namespace, name) ? [] : undefined;
  });
  return found.includes(undefined) ? undefined : found.flatMap((matches) => matches ?? []);
}

function sourceAddresses({ sources }: KubeTrafficTarget, world: OriginalWorld): string[] {
  return sources
    .flatMap(({ namespace, name }) => world.podsOfAccount(namespace, name))
    .flatMap(({ ips }) => ips.slice(0, 1));
}
