// Where the requests of a service port go: from EndpointSlices, else from an Endpoints object, else from the pods that
// the selector matches, as Kubernetes' own controllers and kube-proxy do it.
//
// Ready endpoints are used; where a service has none, those that are terminating but still serve (kube-proxy's rule,
// KEP-1669), so that a rollout to nothing ends its requests in order.

import { byText, objectKey, type ObjectKey } from './key.ts';
import type {
  IpFamily,
  KubeEndpoints,
  KubeEndpointSlice,
  KubePod,
  KubeService,
  KubeServicePort,
  Protocol,
} from './objects.ts';
import type { ObjectView } from './store.ts';
import type { Endpoint } from './topology.ts';

/** The endpoints of one service port, and what is strange about them. */
export interface PortEndpoints {
  /** Sorted by address, then port; each address and port once. */
  readonly endpoints: readonly Endpoint[];
  readonly finding: EndpointFinding | undefined;
}

/** Why a service port has fewer endpoints than its user may think. */
export type EndpointFinding =
  /** Pods match the selector, but some (`pods`, sorted; of `matching`) have no container port with the targetPort's name. */
  | { readonly kind: 'unresolved'; readonly pods: readonly ObjectKey[]; readonly matching: number }
  /** There are EndpointSlices or Endpoints, but none has a port with the service port's name; `names` are those there. */
  | { readonly kind: 'unnamed'; readonly names: readonly string[] };

/** Finds the endpoints of a port of a service. */
export function findEndpoints(service: KubeService, port: KubeServicePort, view: ObjectView): PortEndpoints {
  const key = objectKey(service.namespace, service.name);
  const slices = [...view.slicesOf(key)];
  if (slices.length > 0) {
    return fromPlaces(service, port, slices.values().flatMap(placesOfSlice));
  }
  const endpoints = view.endpointsOf(key);
  if (endpoints !== undefined) return fromPlaces(service, port, placesOfEndpoints(endpoints));
  return fromPods(service, port, view);
}

/** An address with the ports that are open on it, whichever kind of object said so. */
interface Place {
  readonly address: string;
  readonly family: IpFamily;
  readonly pod: ObjectKey | undefined;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly isReady: boolean;
  /** Not ready, but still serving while it terminates. */
  readonly isLeaving: boolean;
  readonly ports: readonly PlacePort[];
}

interface PlacePort {
  readonly name: string;
  readonly port: number | undefined;
  readonly protocol: Protocol;
}

function* placesOfSlice(slice: KubeEndpointSlice): Generator<Place> {
  if (slice.addressType === 'FQDN') return;
  for (const endpoint of slice.endpoints) {
    // The addresses of one endpoint are interchangeable; consumers take the first (discovery.k8s.io/v1 Endpoint).
    const address = endpoint.addresses[0];
    if (address === undefined) continue;
    yield {
      address,
      family: slice.addressType,
      pod: endpoint.pod === undefined ? undefined : objectKey(slice.namespace, endpoint.pod),
      node: endpoint.nodeName,
      zone: endpoint.zone,
      isReady: endpoint.ready,
      isLeaving: endpoint.serving && endpoint.terminating,
      ports: slice.ports,
    };
  }
}

function* placesOfEndpoints(endpoints: KubeEndpoints): Generator<Place> {
  for (const subset of endpoints.subsets) {
    for (const { ip, nodeName, pod } of subset.addresses) {
      yield {
        address: ip,
        family: familyOf(ip),
        pod: pod === undefined ? undefined : objectKey(endpoints.namespace, pod),
        node: nodeName,
        zone: undefined,
        isReady: true,
        isLeaving: false,
        ports: subset.ports,
      };
    }
  }
}

function fromPlaces(service: KubeService, port: KubeServicePort, places: Iterable<Place>): PortEndpoints {
  const named: Array<{ place: Place; port: number }> = [];
  const names = new Set<string>();
  for (const place of places) {
    for (const candidate of place.ports) names.add(candidate.name);
    const match = place.ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol);
    if (match?.port !== undefined) named.push({ place, port: match.port });
  }
  const endpoints = mergeFamilies(service, usable(named));
  const isUnnamed = named.length === 0 && names.size > 0;
  return {
    endpoints,
    finding: isUnnamed ? { kind: 'unnamed', names: [...names].toSorted(byText) } : undefined,
  };
}

function fromPods(service: KubeService, port: KubeServicePort, view: ObjectView): PortEndpoints {
  const named: Array<{ place: Place; port: number }> = [];
  const unresolved: ObjectKey[] = [];
  let matching = 0;
  for (const pod of view.podsMatching(service.namespace, service.selector ?? {})) {
    if (pod.finished || pod.ips.length === 0) continue;
    matching++;
    const number = targetPortOf(pod, port);
    if (number === undefined) unresolved.push(objectKey(pod.namespace, pod.name));
    else for (const place of placesOfPod(service, pod)) named.push({ place, port: number });
  }
  return {
    endpoints: mergeFamilies(service, usable(named)),
    finding:
      unresolved.length > 0 ? { kind: 'unresolved', pods: unresolved.toSorted(byText), matching } : undefined,
  };
}

function* placesOfPod(service: KubeService, pod: KubePod): Generator<Place> {
  for (const address of pod.ips) {
    yield {
      address,
      family: familyOf(address),
      pod: objectKey(pod.namespace, pod.name),
      node: pod.nodeName,
      zone: undefined,
      isReady: service.publishNotReadyAddresses || (pod.ready && !pod.terminating),
      isLeaving: pod.ready && pod.terminating,
      ports: [],
    };
  }
}

/** The number that a targetPort stands for on a pod: per pod, by name and protocol, as Kubernetes looks it up. */
function targetPortOf(pod: KubePod, { targetPort, protocol }: KubeServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return pod.containerPorts.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}

function usable<T extends { readonly place: Place }>(candidates: readonly T[]): readonly T[] {
  const ready = candidates.filter(({ place }) => place.isReady);
  return ready.length > 0 ? ready : candidates.filter(({ place }) => place.isLeaving);
}

/** One for all endpoints, since most have no other address. */
const noAddresses: readonly string[] = [];

/**
 * Makes one endpoint of the addresses that a pod has in both IP families, so that it is not chosen twice as often as a
 * pod that has one. The family that the service prefers comes first.
 */
function mergeFamilies(
  service: KubeService,
  candidates: ReadonlyArray<{ readonly place: Place; readonly port: number }>,
): readonly Endpoint[] {
  const preferred = service.ipFamilies[0] ?? 'IPv4';
  const endpoints = new Map<string, Endpoint>();
  for (const group of byPod(candidates)) {
    const endpoint = endpointOf(group, preferred);
    if (endpoint === undefined) continue;
    const id = `${endpoint.address} ${endpoint.port}`;
    const known = endpoints.get(id);
    // Of pods that have the same address it is always the same one, in whichever order they come.
    if (known === undefined || byText(endpoint.pod ?? '', known.pod ?? '') < 0) endpoints.set(id, endpoint);
  }
  return [...endpoints.values()].toSorted((a, b) => byText(a.address, b.address) || a.port - b.port);
}

interface PodPlaces {
  readonly places: Place[];
  readonly port: number;
}

function byPod(
  candidates: ReadonlyArray<{ readonly place: Place; readonly port: number }>,
): Iterable<PodPlaces> {
  const merged = new Map<string, PodPlaces>();
  for (const { place, port } of candidates) {
    const id = `${place.pod ?? place.address} ${port}`;
    const known = merged.get(id);
    if (known === undefined) merged.set(id, { places: [place], port });
    else if (!known.places.some(({ address }) => address === place.address)) known.places.push(place);
  }
  return merged.values();
}

function endpointOf({ places, port }: PodPlaces, preferred: IpFamily): Endpoint | undefined {
  const [first, ...others] = places.toSorted(
    (a, b) => Number(b.family === preferred) - Number(a.family === preferred) || byText(a.address, b.address),
  );
  if (first === undefined) return undefined;
  const { address, pod, node, zone } = first;
  const otherAddresses = others.length === 0 ? noAddresses : others.map((other) => other.address);
  return { address, otherAddresses, port, pod, node, zone };
}

function familyOf(address: string): IpFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
