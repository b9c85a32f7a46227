// The names by which things of the mesh are found: one function for each, so that two stages never disagree.

/** `namespace/name` of a namespaced Kubernetes object (a cluster-wide object has an empty namespace: `/name`). */
export type ObjectKey = string;

/** The {@link ObjectKey} of a Service. */
export type ServiceKey = ObjectKey;

/** `namespace/service/port` of a service port, with `/udp` behind it where the port's protocol is UDP. */
export type PortKey = string;

/** Makes the key of an object. Neither part can hold a slash in Kubernetes, so the key is unambiguous. */
export function objectKey(namespace: string, name: string): ObjectKey {
  return `${namespace}/${name}`;
}

/**
 * Makes the key of a service port. A Service may have the same number once for TCP and once for UDP,
 * so the protocol is part of the key; TCP, by far the most common, is left out to keep names short.
 */
export function portKey(service: ServiceKey, port: number, protocol: 'TCP' | 'UDP'): PortKey {
  return protocol === 'UDP' ? `${service}/${port}/udp` : `${service}/${port}`;
}

/** The service of a service port. */
export function serviceOf(port: PortKey): ServiceKey {
  return port.slice(0, port.indexOf('/', port.indexOf('/') + 1));
}

/** Compares strings by UTF-16 code unit: the one order in which every output of Maesh is sorted. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
