// The last pass: drafts, mesh ports, addresses and problems become a topology. What has not changed keeps its reference.

import type { Access } from './access/access-drafts.ts';
import { portAccess } from './access/port-access.ts';
import { formatIpv4 } from './addresses.ts';
import type { Places } from './recorded.ts';
import { byText, objectKey, type ObjectKey, type PortKey, type ServiceKey } from './key.ts';
import type { KubeTrafficSplit } from './objects.ts';
import type { PortTable } from './ports.ts';
import { byProblem, type Problem } from './problem.ts';
import type { PortDraft, ServiceDraft } from './services.ts';
import type { Slots } from './slots.ts';
import { splitsOf } from './split-backends.ts';
import type { RootDraft } from './splits.ts';
import type { Service, ServicePort, Topology } from './topology.ts';

/** What is handed out to services: mesh ports, and loopback addresses in standalone mode. */
export interface Allocation {
  readonly ports: PortTable;
  /** IPv4 addresses as numbers; empty where services have none of their own. */
  readonly addresses: Slots;
}

/** The lowest port that can be opened on a service's own address, where it has one. */
export interface ComposeOptions {
  readonly firstLocalPort: number;
}

/** What a topology is made of. */
export interface Parts {
  readonly drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
  /** Services whose draft, or what is handed out to them, may be another than in the last topology, or that are gone. */
  readonly touched: ReadonlySet<ServiceKey>;
  /** Roots of TrafficSplits. */
  readonly splits: ReadonlyMap<ServiceKey, RootDraft>;
  /** As they were read, sorted by key; the same map as last time where nothing in it changed. */
  readonly trafficSplits: ReadonlyMap<ObjectKey, KubeTrafficSplit>;
  /** Who may call what; undefined where everybody may call everything. */
  readonly access: Access | undefined;
  readonly allocation: Allocation;
  /** What is on record in the cluster: only where it agrees with what is handed out is a port served. Undefined: no record is kept there. */
  readonly places: ReadonlyMap<PortKey, Places> | undefined;
  /** Problems beside those of the drafts. */
  readonly problems: readonly Problem[];
}

/** Makes topologies one after the other, re-using the parts of the last one that are the same. */
export class TopologyComposer {
  readonly #options: ComposeOptions;
  #topology: Topology = { services: new Map(), problems: [] };
  /** What the last topology was made of: a service for which both are the same is not looked at. */
  readonly #drafts = new Map<ServiceKey, ServiceDraft>();
  /** Problems of the drafts that have any. */
  readonly #draftProblems = new Map<ServiceKey, readonly Problem[]>();
  /** Roots in it: what they say depends on others. */
  #roots: ReadonlyMap<ServiceKey, RootDraft> = new Map();

  constructor(options: ComposeOptions) {
    this.#options = options;
  }

  /** Composes a topology. Returns the last one where nothing in it changed. */
  compose(parts: Parts): Topology {
    const services = this.#services(parts);
    const problems = this.#problems(parts);
    const callers = parts.access?.callers;
    const trafficSplits = parts.trafficSplits.size === 0 ? undefined : parts.trafficSplits;
    const last = this.#topology;
    const isSame =
      services === last.services &&
      problems === last.problems &&
      callers === last.callers &&
      trafficSplits === last.trafficSplits;
    if (isSame) return last;
    this.#topology = {
      services,
      problems,
      ...(callers !== undefined && { callers }),
      ...(trafficSplits !== undefined && { trafficSplits }),
    };
    return this.#topology;
  }

  #services(parts: Parts): ReadonlyMap<ServiceKey, Service> {
    const last = this.#topology.services;
    const changed = this.#changed(parts);
    const isSameKeys = parts.drafts.size === last.size && changed.keys().every((key) => last.has(key));
    if (isSameKeys && changed.size === 0) return last;
    if (isSameKeys) {
      // For every pod that comes or goes: this way of copying leaves a third of the garbage that others do.
      const next = new Map<ServiceKey, Service>();
      last.forEach((old, key) => next.set(key, changed.get(key) ?? old));
      return next;
    }
    for (const key of parts.touched) if (!parts.drafts.has(key)) this.#drafts.delete(key);
    const services = new Map<ServiceKey, Service>();
    // In an order that is nearly right, so that sorting costs little.
    for (const key of new Set([...last.keys(), ...changed.keys()].toSorted(byText))) {
      const service = changed.get(key) ?? last.get(key);
      if (service !== undefined && parts.drafts.has(key)) services.set(key, service);
    }
    return services;
  }

  /** Services that are new or say something else than in the last topology. */
  #changed(parts: Parts): ReadonlyMap<ServiceKey, Service> {
    const changed = new Map<ServiceKey, Service>();
    for (const [key, draft] of this.#affected(parts)) {
      const old = this.#topology.services.get(key);
      const isSameDraft = old !== undefined && this.#drafts.get(key) === draft;
      if (!this.#dependsOnOthers(key, parts) && isSameDraft && hasSameAllocation(old, parts)) continue;
      const service = composeService(draft, parts, this.#options);
      this.#drafts.set(key, draft);
      const kept = old === undefined ? service : keepEqualParts(old, service);
      if (kept !== old) changed.set(key, kept);
    }
    this.#roots = new Map(parts.splits);
    return changed;
  }

  /** Whether a service may say something else though its draft is the same. */
  #dependsOnOthers(key: ServiceKey, { splits, access }: Parts): boolean {
    return splits.has(key) || this.#roots.has(key) || access?.touched.has(key) === true;
  }

  /** The drafts of services that may say something else. */
  *#affected(parts: Parts): Generator<readonly [ServiceKey, ServiceDraft]> {
    const { drafts, touched, access } = parts;
    for (const key of new Set([...touched, ...this.#affectedRoots(parts), ...(access?.touched ?? [])])) {
      const draft = drafts.get(key);
      if (draft !== undefined) yield [key, draft];
    }
  }

  /** Roots that were drafted anew or are none any more, and those to whose backends something has happened. */
  *#affectedRoots({ splits, touched, access }: Parts): Generator<ServiceKey> {
    const isAffected = (key: ServiceKey): boolean => touched.has(key) || access?.touched.has(key) === true;
    for (const [root, draft] of splits) {
      if (draft !== this.#roots.get(root) || draft.backends.values().some(isAffected)) yield root;
    }
    for (const root of this.#roots.keys()) if (!splits.has(root)) yield root;
  }

  #problems({ drafts, touched, problems }: Parts): readonly Problem[] {
    for (const key of touched) {
      const found = drafts.get(key)?.problems ?? [];
      if (found.length === 0) this.#draftProblems.delete(key);
      else this.#draftProblems.set(key, found);
    }
    const sorted = [problems, ...this.#draftProblems.values()].flat().toSorted(byProblem);
    const last = this.#topology.problems;
    const isSame =
      sorted.length === last.length && sorted.every((problem, i) => isDeepEqual(problem, last[i]));
    return isSame ? last : sorted;
  }
}

type HandedOut = Pick<Parts, 'allocation' | 'places'>;

/** Where proxies serve a port: on what it shares also while it is handed out a port that is not on record yet. */
function meshPortsOf(
  { key, traffic }: Pick<ServicePort, 'key' | 'traffic'>,
  { allocation, places }: HandedOut,
): Pick<ServicePort, 'meshPort' | 'sharedPorts'> {
  const assigned = allocation.ports[traffic].assigned.get(key);
  if (places === undefined) return { meshPort: assigned };
  const { own, shared = [] } = places.get(key) ?? {};
  const meshPort = own === assigned ? own : undefined;
  if (shared.length === 0 || traffic !== 'http') return { meshPort };
  return { meshPort: meshPort ?? shared[0]?.port, sharedPorts: shared };
}

function composeService(draft: ServiceDraft, parts: Parts, { firstLocalPort }: ComposeOptions): Service {
  const key = objectKey(draft.namespace, draft.name);
  const address = parts.allocation.addresses.assigned.get(key);
  const splits = parts.splits.get(key)?.splits;
  const isServed = (port: PortDraft): boolean => meshPortsOf(port, parts).meshPort !== undefined;
  const { drafts, access } = parts;
  return {
    key,
    namespace: draft.namespace,
    name: draft.name,
    ports: draft.ports.map((port) => ({
      ...port,
      ...meshPortsOf(port, parts),
      localPort: address === undefined || port.port < firstLocalPort ? undefined : port.port,
      ...portAccess(port, { service: key, access }),
      ...splitsOf(splits?.get(port.key), { drafts, isServed, access }),
    })),
    localAddress: address === undefined ? undefined : formatIpv4(address),
  };
}

function hasSameAllocation(service: Service, handedOut: HandedOut): boolean {
  const address = handedOut.allocation.addresses.assigned.get(service.key);
  return (
    service.localAddress === (address === undefined ? undefined : formatIpv4(address)) &&
    service.ports.every((port) => hasSameMeshPorts(port, meshPortsOf(port, handedOut)))
  );
}

function hasSameMeshPorts(port: ServicePort, next: Pick<ServicePort, 'meshPort' | 'sharedPorts'>): boolean {
  return port.meshPort === next.meshPort && isDeepEqual(port.sharedPorts, next.sharedPorts);
}

/** The new service with those parts of the old one that are equal, down to the old one itself. */
function keepEqualParts(old: Service, next: Service): Service {
  const ports = next.ports.map((port) => {
    const before = old.ports.find(({ key }) => key === port.key);
    return before === undefined ? port : keepEqualFields(before, port);
  });
  return keepEqualFields(old, { ...next, ports });
}

/** The new object with the values of the old one's fields that are equal, or the old one where all are. */
function keepEqualFields<T extends object>(old: T, next: T): T {
  const kept = { ...next };
  let isSame = Object.keys(old).length === Object.keys(next).length;
  for (const name of Object.keys(next) as (keyof T)[]) {
    if (Object.hasOwn(old, name) && isDeepEqual(old[name], next[name])) kept[name] = old[name];
    else isSame = false;
  }
  return isSame ? old : kept;
}

/** Whether two values of plain data say the same. */
function isDeepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => isDeepEqual(value, b[index]));
  // Not their entries, which would be a quarter of all the garbage that a change of rules leaves.
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    Array.isArray(a) === Array.isArray(b) &&
    names.every((name) => Object.hasOwn(b, name) && isDeepEqual(Reflect.get(a, name), Reflect.get(b, name)))
  );
}
