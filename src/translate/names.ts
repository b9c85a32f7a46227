// Every name that proxies see is made here, so that whatever refers to a resource and the resource itself agree.
// Names say nothing but what the thing is: never a version or a hash, so that a change never renames anything.

import type { ObjectKey, PortKey } from '../model/key.ts';
import type { PortRange } from '../model/ports.ts';
import type { ServicePort, TrafficType } from '../model/topology.ts';

/** Domains under which services are called, `shop.store.maesh` and, as since Traefik Mesh 1.4, `shop.store.traefik.mesh`. */
export const meshDomains: readonly string[] = ['maesh', 'traefik.mesh'];

/**
 * Headers that proxies use between accepting a request and routing it. All are set before anything looks at them,
 * whatever the client sent, and removed before the request leaves.
 */
export const internalHeaders = {
  /** Mesh port that the request came to. */
  port: 'x-maesh-port',
  /** The client's own `x-forwarded-proto`, kept from being overwritten. */
  forwardedProto: 'x-maesh-forwarded-proto',
  /** Where access is controlled: the service account that calls, as `namespace/name`; absent where nobody knows. */
  caller: 'x-maesh-caller',
  /** On answers to a circuit breaker: what Envoy has to say of them (`%RESPONSE_FLAGS%`). */
  flags: 'x-maesh-flags',
  /** On the port that serves every service by Host: the namespace in the Host, in lower case. */
  namespace: 'x-maesh-namespace',
  /** On the port that serves every service by Host: `service` or `service:port` of the Host, in lower case. */
  host: 'x-maesh-host',
} as const;

/** A service port that a mesh port stands for: the only ones that proxies are told of. */
export interface ServedPort extends ServicePort {
  readonly meshPort: number;
  /** Whether it is only some of a port's pods, which have a cluster of their own (access/account-ports.ts). */
  readonly isPart?: boolean;
}

/** Cluster of a service port. A TCP block finds it by the local port of the connection, which is all that it knows. */
export function clusterName(port: ServedPort): string {
  return port.traffic === 'tcp' && port.isPart !== true ? `tcp-${port.meshPort}` : port.key;
}

/** Value from which a TCP block makes {@link clusterName}, in Envoy's format language. */
export const tcpClusterNameFormat = 'tcp-%DOWNSTREAM_LOCAL_PORT%';

/** Cluster of those pods of a service port that are of some service accounts, and their endpoints. */
export function accountsClusterName(port: PortKey, accounts: readonly ObjectKey[]): string {
  return `${port}@${accounts.join('+')}`;
}

/** What proxies know of callers, one part of it: `callers/0`. */
export function callerTagsName(shard: number): string {
  return `callers/${shard}`;
}

/** Filter chain for the connections of one caller to a TCP port. */
export function callerChainName(port: ServedPort, caller: ObjectKey): string {
  return `${port.key} from ${caller}`;
}

/** Endpoints of a service port. Never the mesh port: a port given to another service must not bring old endpoints. */
export function endpointsName(port: ServedPort): string {
  return port.key;
}

/** Listener of a block of mesh ports and, for HTTP, its RouteConfiguration: `http/20000`. */
export function blockName(traffic: TrafficType, block: PortRange): string {
  return `${traffic}/${block.first}`;
}

/** Listener of one UDP mesh port: `udp/20000`. */
export function udpListenerName(meshPort: number): string {
  return `udp/${meshPort}`;
}

/** Listener of a service port on the service's own loopback address: `entry/store/shop/80`. */
export function entryName(port: ServedPort): string {
  return `entry/${port.key}`;
}

/** Listener of the port that serves every HTTP service by Host. */
export const hostPortName = 'host';

/** RouteConfiguration and ScopedRouteConfiguration of a namespace on that port: `host/store`. */
export function hostRoutesName(namespace: string): string {
  return `${hostPortName}/${namespace}`;
}

/** Listener that says that a proxy is ready. Proxies must get it with or after all other listeners, never before. */
export const readinessName = 'ready';

/** Name that the proxy gives a TLS server: the one that certificates made for services in a cluster carry. */
export function serverName(service: { readonly namespace: string; readonly name: string }): string {
  return `${service.name}.${service.namespace}.svc`;
}

/** Key of the node metadata under which a proxy's bootstrap says on which port its admin interface listens. */
export const adminPortKey = 'admin_port';
