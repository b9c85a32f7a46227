// The objects of the mesh as they are now, and which services a change touches. What sources offer goes in; passes that
// build the topology look things up here. Every look-up and every change costs what it touches, not what there is.

import { objectKey, type ObjectKey, type ServiceKey } from './key.ts';
import { addTo, removeFrom, setOrDelete } from './maps.ts';
import type { KubeEndpoints, KubeEndpointSlice, KubeObject, KubePod, KubeService } from './objects.ts';
import { objectOf, type ObjectChange } from './offer.ts';
import { matchesSelector, PodIndex } from './pod-index.ts';
import { takesEndpointsAway } from './removal.ts';
import { SmiStore } from './smi-store.ts';

/** What the passes of the model read. */
export interface ObjectView {
  service(key: ServiceKey): KubeService | undefined;
  /** EndpointSlices of a service, in no particular order. */
  slicesOf(service: ServiceKey): Iterable<KubeEndpointSlice>;
  endpointsOf(service: ServiceKey): KubeEndpoints | undefined;
  /** Pods of a namespace that a selector matches, in no particular order. */
  podsMatching(namespace: string, selector: Readonly<Record<string, string>>): Iterable<KubePod>;
}

/** Objects by key, with the services that have to be looked at again. */
export class ObjectStore implements ObjectView {
  /** What it has of the Service Mesh Interface. */
  readonly smi: SmiStore = new SmiStore();
  readonly #services = new Map<ServiceKey, KubeService>();
  readonly #endpoints = new Map<ServiceKey, KubeEndpoints>();
  readonly #slices = new Map<ObjectKey, KubeEndpointSlice>();
  readonly #slicesOfService = new Map<ServiceKey, Set<KubeEndpointSlice>>();
  readonly #pods = new PodIndex();
  readonly #selectors = new SelectorIndex();
  #dirty = new Set<ServiceKey>();

  /**
   * Puts changes in. Of two for the same object the later one counts.
   *
   * @returns whether one of them takes an endpoint away.
   */
  apply(changes: Iterable<ObjectChange>): boolean {
    let isTakingAway = false;
    for (const change of changes) {
      isTakingAway ||= takesEndpointsAway(this.#get(change), change.object);
      this.#applyOne(change);
    }
    return isTakingAway;
  }

  /** Services touched since the last call; the caller takes them over. */
  takeDirty(): ReadonlySet<ServiceKey> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    return dirty;
  }

  service(key: ServiceKey): KubeService | undefined {
    return this.#services.get(key);
  }

  slicesOf(service: ServiceKey): Iterable<KubeEndpointSlice> {
    return this.#slicesOfService.get(service) ?? [];
  }

  endpointsOf(service: ServiceKey): KubeEndpoints | undefined {
    return this.#endpoints.get(service);
  }

  podsMatching(namespace: string, selector: Readonly<Record<string, string>>): Iterable<KubePod> {
    return this.#pods.matching(namespace, selector);
  }

  #get({ kind, key }: ObjectChange): KubeObject | undefined {
    if (kind === 'EndpointSlice') return this.#slices.get(key);
    if (kind === 'Endpoints') return this.#endpoints.get(key);
    return kind === 'Pod' ? this.#pods.get(key) : undefined;
  }

  #applyOne(change: ObjectChange): void {
    const { kind, key } = change;
    switch (kind) {
      case 'Service':
        return this.#setService(key, objectOf(change, 'Service'));
      case 'EndpointSlice':
        return this.#setSlice(key, objectOf(change, 'EndpointSlice'));
      case 'Endpoints':
        this.#dirty.add(key);
        return setOrDelete(this.#endpoints, key, objectOf(change, 'Endpoints'));
      case 'Pod':
        return this.#setPod(key, objectOf(change, 'Pod'));
      case 'Namespace':
      case 'ServiceAccount':
        // Read for what comes on top of the topology; no service depends on them.
        return undefined;
      default:
        return this.smi.apply(change);
    }
  }

  #setService(key: ServiceKey, service: KubeService | undefined): void {
    this.#dirty.add(key);
    const old = this.#services.get(key);
    if (old !== undefined) this.#selectors.remove(old);
    setOrDelete(this.#services, key, service);
    if (service !== undefined) this.#selectors.add(service);
  }

  #setSlice(key: ObjectKey, slice: KubeEndpointSlice | undefined): void {
    const old = this.#slices.get(key);
    for (const one of [old, slice]) {
      if (one !== undefined && one.service !== '') this.#dirty.add(serviceOfSlice(one));
    }
    if (old !== undefined) removeFrom(this.#slicesOfService, serviceOfSlice(old), old);
    setOrDelete(this.#slices, key, slice);
    if (slice !== undefined) addTo(this.#slicesOfService, serviceOfSlice(slice), slice);
  }

  #setPod(key: ObjectKey, pod: KubePod | undefined): void {
    for (const one of [this.#pods.get(key), pod]) {
      if (one === undefined) continue;
      for (const service of this.#selectors.selecting(one)) this.#dirty.add(service);
    }
    this.#pods.set(key, pod);
  }
}

/** Which services select a pod, without asking every service. */
class SelectorIndex {
  /** A label pair, with its namespace → services whose selector is filed under that pair. */
  readonly #services = new Map<string, Set<KubeService>>();
  /** Under which pair a service is filed. */
  readonly #pairOf = new Map<KubeService, string>();

  add(service: KubeService): void {
    // Filed under the pair that fewest others are filed under: one that all share would be of no use.
    const pairs = Object.entries(service.selector ?? {}).map(([name, value]) =>
      pairIn(service.namespace, name, value),
    );
    const sizeOf = (pair: string): number => this.#services.get(pair)?.size ?? 0;
    const pair = pairs.toSorted((a, b) => sizeOf(a) - sizeOf(b))[0];
    if (pair === undefined) return;
    addTo(this.#services, pair, service);
    this.#pairOf.set(service, pair);
  }

  remove(service: KubeService): void {
    const pair = this.#pairOf.get(service);
    if (pair === undefined) return;
    removeFrom(this.#services, pair, service);
    this.#pairOf.delete(service);
  }

  *selecting(pod: KubePod): Generator<ServiceKey> {
    for (const [name, value] of Object.entries(pod.labels)) {
      for (const service of this.#services.get(pairIn(pod.namespace, name, value)) ?? []) {
        if (matchesSelector(pod.labels, service.selector ?? {}))
          yield objectKey(service.namespace, service.name);
      }
    }
  }
}

function pairIn(namespace: string, name: string, value: string): string {
  return `${namespace}/${name}=${value}`;
}

function serviceOfSlice(slice: KubeEndpointSlice): ServiceKey {
  return objectKey(slice.namespace, slice.service);
}
