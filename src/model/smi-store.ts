// The objects of the Service Mesh Interface as they are now, and what refers to what among them.

import { byText, objectKey, type ObjectKey, type ServiceKey } from './key.ts';
import { setOrDelete } from './maps.ts';
import type {
  KubeHttpRouteGroup,
  KubeTcpRoute,
  KubeTrafficRule,
  KubeTrafficSplit,
  KubeTrafficTarget,
  KubeUdpRoute,
} from './objects.ts';
import { objectOf, type ObjectChange } from './offer.ts';
import { ReferenceIndex } from './reference-index.ts';

/** What the passes of the model read. Nothing comes in a particular order. */
export interface SmiView {
  /** TrafficSplits whose root a service is. */
  splitsOf(root: ServiceKey): Iterable<KubeTrafficSplit>;
  /** TrafficSplits that a service is a backend of. */
  splitsTo(backend: ServiceKey): Iterable<KubeTrafficSplit>;
  /** TrafficSplits that split only what an HTTPRouteGroup says. */
  splitsOn(routeGroup: ObjectKey): Iterable<KubeTrafficSplit>;
  target(key: ObjectKey): KubeTrafficTarget | undefined;
  /** TrafficTargets that have a rule with a route. */
  targetsWith(kind: KubeTrafficRule['kind'], route: ObjectKey): Iterable<KubeTrafficTarget>;
  routeGroup(key: ObjectKey): KubeHttpRouteGroup | undefined;
  tcpRoute(key: ObjectKey): KubeTcpRoute | undefined;
  udpRoute(key: ObjectKey): KubeUdpRoute | undefined;
}

/** Objects by key and by what they refer to. */
export class SmiStore implements SmiView {
  readonly #splits = new ReferenceIndex(splitReferences);
  readonly #targets = new ReferenceIndex(targetReferences);
  readonly #routeGroups = new Map<ObjectKey, KubeHttpRouteGroup>();
  readonly #tcpRoutes = new Map<ObjectKey, KubeTcpRoute>();
  readonly #udpRoutes = new Map<ObjectKey, KubeUdpRoute>();
  #sortedSplits: ReadonlyMap<ObjectKey, KubeTrafficSplit> = new Map();
  /** TrafficSplits that are not in it yet as they are now. */
  readonly #changedSplits = new Set<ObjectKey>();
  #touchedRoots = new Set<ServiceKey>();
  #touchedTargets = new Set<ObjectKey>();

  /** Roots of the TrafficSplits that changes touched since the last call, by their HTTPRouteGroups too; the caller takes them over. */
  takeTouchedRoots(): ReadonlySet<ServiceKey> {
    const touched = this.#touchedRoots;
    this.#touchedRoots = new Set();
    return touched;
  }

  /** TrafficTargets that changes touched since the last call, by their routes too; the caller takes them over. */
  takeTouchedTargets(): ReadonlySet<ObjectKey> {
    const touched = this.#touchedTargets;
    this.#touchedTargets = new Set();
    return touched;
  }

  /** Puts a change of one of its kinds in; others it passes over. */
  apply(change: ObjectChange): void {
    const { kind, key } = change;
    switch (kind) {
      case 'TrafficSplit':
        return this.#setSplit(key, objectOf(change, 'TrafficSplit'));
      case 'TrafficTarget':
        this.#touchedTargets.add(key);
        return this.#targets.set(key, objectOf(change, 'TrafficTarget'));
      case 'HTTPRouteGroup':
        this.#touchTargetsWith(kind, key);
        for (const split of this.splitsOn(key)) this.#touchedRoots.add(rootOf(split));
        return setOrDelete(this.#routeGroups, key, objectOf(change, 'HTTPRouteGroup'));
      case 'TCPRoute':
        this.#touchTargetsWith(kind, key);
        return setOrDelete(this.#tcpRoutes, key, objectOf(change, 'TCPRoute'));
      case 'UDPRoute':
        this.#touchTargetsWith(kind, key);
        return setOrDelete(this.#udpRoutes, key, objectOf(change, 'UDPRoute'));
      default:
        return undefined;
    }
  }

  #setSplit(key: ObjectKey, split: KubeTrafficSplit | undefined): void {
    for (const one of [this.#splits.get(key), split]) {
      if (one !== undefined) this.#touchedRoots.add(rootOf(one));
    }
    this.#splits.set(key, split);
    this.#changedSplits.add(key);
  }

  #touchTargetsWith(kind: KubeTrafficRule['kind'], route: ObjectKey): void {
    for (const { namespace, name } of this.targetsWith(kind, route))
      this.#touchedTargets.add(objectKey(namespace, name));
  }

  /** All TrafficSplits, sorted by key: the same map until one of them changes. */
  get splits(): ReadonlyMap<ObjectKey, KubeTrafficSplit> {
    if (this.#changedSplits.size === 0) return this.#sortedSplits;
    const sorted = new Map<ObjectKey, KubeTrafficSplit>();
    // In an order that is nearly right, so that sorting costs little.
    for (const key of [...this.#sortedSplits.keys(), ...this.#changedSplits].toSorted(byText)) {
      const split = this.#splits.get(key);
      if (split !== undefined) sorted.set(key, split);
    }
    this.#changedSplits.clear();
    this.#sortedSplits = sorted;
    return sorted;
  }

  splitsOf(root: ServiceKey): Iterable<KubeTrafficSplit> {
    return this.#splits.referringTo(`root ${root}`);
  }

  splitsTo(backend: ServiceKey): Iterable<KubeTrafficSplit> {
    return this.#splits.referringTo(`backend ${backend}`);
  }

  splitsOn(routeGroup: ObjectKey): Iterable<KubeTrafficSplit> {
    return this.#splits.referringTo(`group ${routeGroup}`);
  }

  target(key: ObjectKey): KubeTrafficTarget | undefined {
    return this.#targets.get(key);
  }

  targetsWith(kind: KubeTrafficRule['kind'], route: ObjectKey): Iterable<KubeTrafficTarget> {
    return this.#targets.referringTo(`${kind} ${route}`);
  }

  routeGroup(key: ObjectKey): KubeHttpRouteGroup | undefined {
    return this.#routeGroups.get(key);
  }

  tcpRoute(key: ObjectKey): KubeTcpRoute | undefined {
    return this.#tcpRoutes.get(key);
  }

  udpRoute(key: ObjectKey): KubeUdpRoute | undefined {
    return this.#udpRoutes.get(key);
  }
}

/** The service whose requests a TrafficSplit is about. */
export function rootOf({ namespace, service }: KubeTrafficSplit): ServiceKey {
  return objectKey(namespace, service);
}

function* splitReferences({
  namespace,
  service,
  backends,
  routeGroups,
}: KubeTrafficSplit): Generator<string> {
  yield `root ${objectKey(namespace, service)}`;
  for (const backend of backends) yield `backend ${objectKey(namespace, backend.service)}`;
  for (const name of routeGroups) yield `group ${objectKey(namespace, name)}`;
}

function* targetReferences({ namespace, rules }: KubeTrafficTarget): Generator<string> {
  for (const { kind, name } of rules) yield `${kind} ${objectKey(namespace, name)}`;
}
