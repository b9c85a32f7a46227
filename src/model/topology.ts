// What the mesh is: the one model that sources are read into and from which everything that proxies, users and
// clusters are told is made. Plain immutable data. A part that has not changed keeps its reference from one topology
// to the next, so that later stages may memoise on it.

import type { ObjectKey, PortKey, ServiceKey } from './key.ts';
import type { KubeTrafficSplit } from './objects.ts';
import type { PortPolicy } from './policy.ts';
import type { Problem } from './problem.ts';

/** How the mesh handles a service port: HTTP request by request, or TCP connections or UDP sessions as they are. */
export type TrafficType = 'http' | 'tcp' | 'udp';

/**
 * What the proxy speaks to the pods of an HTTP port.
 * - `auto`: what the caller speaks, HTTP/1.1 or HTTP/2 without TLS: one port serves both, gRPC and WebSocket included.
 * - `http1`: HTTP/1.1, whatever the caller speaks.
 * - `http2`: HTTP/2 (with prior knowledge where there is no TLS: h2c), whatever the caller speaks.
 */
export type UpstreamProtocol = 'auto' | 'http1' | 'http2';

/** The mesh at one moment. */
export interface Topology {
  /** Every service in the mesh, sorted by key. */
  readonly services: ReadonlyMap<ServiceKey, Service>;
  /**
   * Who calls, where access is controlled: the addresses of each service account that some rule lets in, sorted, as are the
   * accounts. An address stands for one account or for none. Absent where everybody may call everything.
   */
  readonly callers?: ReadonlyMap<ObjectKey, readonly string[]>;
  /** TrafficSplits as they were read, sorted by key, also those that do nothing. Absent where there are none. */
  readonly trafficSplits?: ReadonlyMap<ObjectKey, KubeTrafficSplit>;
  /** Every problem known, the source's and the model's, sorted. */
  readonly problems: readonly Problem[];
}

/** A service in the mesh. */
export interface Service {
  readonly key: ServiceKey;
  readonly namespace: string;
  readonly name: string;
  /** Ports that the mesh serves, in the order of the Service object. May be empty: the name is then known, nothing listens. */
  readonly ports: readonly ServicePort[];
  /** Loopback address on which the service's real ports are open; standalone mode only. */
  readonly localAddress: string | undefined;
}

/** A service port in the mesh. */
export interface ServicePort {
  readonly key: PortKey;
  /** Empty where the service's only port has no name. */
  readonly name: string;
  readonly port: number;
  readonly traffic: TrafficType;
  /** Meaningful for `http` only; `auto` otherwise. */
  readonly upstream: UpstreamProtocol;
  /** Whether the proxy speaks TLS to the pods (appProtocol or scheme https). */
  readonly upstreamTls: boolean;
  /** What the Service asks of the proxies for this port; absent where it asks nothing. */
  readonly policy?: PortPolicy;
  /** Port of every proxy that stands for this service port; undefined where the ports have run out (a problem says so). */
  readonly meshPort: number | undefined;
  /**
   * Mesh ports at which proxies serve this service port for those only who call it by its name, because others have them
   * too; absent where there is none. {@link meshPort} is one of them where it has no other.
   */
  readonly sharedPorts?: readonly SharedPort[];
  /**
   * Port on the service's own address at which the real port is open: equal to `port`. Undefined where the service has
   * no address, or where ports below 1024 can't be opened for want of a right.
   */
  readonly localPort: number | undefined;
  /** Where requests go, sorted by address and port. Empty: callers get 503 (HTTP) or a closed connection (TCP). */
  readonly endpoints: readonly Endpoint[];
  /**
   * How requests or connections are divided between service ports instead of going to {@link endpoints}, in the order in
   * which they are tried; the endpoints get what is left. Absent where nothing is divided. TCP and UDP have one at most.
   */
  readonly splits?: readonly Split[];
  /**
   * Who may call the port's own endpoints: whom any of these lets in. Empty: nobody may. Absent where access isn't
   * controlled.
   */
  readonly access?: readonly AccessRule[];
}

/** Whom a TrafficTarget lets in, and to what. */
export interface AccessRule {
  /** Service accounts of callers, at least one, sorted. */
  readonly sources: readonly ObjectKey[];
  /** The requests that are allowed: those that any of these fit. Absent: everything is; always so for TCP and UDP. */
  readonly matches?: readonly HttpMatch[];
  /** The only service account whose pods may be reached ({@link Endpoint.account}); absent where all endpoints are its. */
  readonly destination?: ObjectKey;
}

/** A division of what a service port gets. */
export interface Split {
  /** The requests that are divided: those that any of these fit. Absent: everything is. */
  readonly matches?: readonly HttpMatch[];
  /** At least one, each once, all of the port's own traffic type and served. */
  readonly backends: readonly SplitBackend[];
}

/** A service port that gets a part of what another gets, with what is to be known of it there. */
export interface SplitBackend extends Pick<ServicePort, 'key' | 'policy' | 'access'> {
  /** Above 0: its part of the sum of all weights. */
  readonly weight: number;
  /** Its endpoints, to which TCP and UDP are divided within one cluster; absent for HTTP, which goes to the backend's own. */
  readonly endpoints?: readonly Endpoint[];
}

/** Requests that meet every condition. */
export interface HttpMatch {
  /** Empty: every method. */
  readonly methods: readonly string[];
  /** RE2 that the path begins with; empty: every path. */
  readonly pathRegex: string;
  /** RE2 that is to match somewhere in the header's value. Names are in lower case. */
  readonly headers: readonly { readonly name: string; readonly regex: string }[];
}

/** A mesh port that several HTTP service ports have, told apart by Host. */
export interface SharedPort {
  readonly port: number;
  /** Whether callers are sent there no more, and come only by connections that they have kept. */
  readonly isLeft: boolean;
}

/** A place that answers for a service port. */
export interface Endpoint {
  readonly address: string;
  /** The same pod's addresses of the other IP family, tried where the first cannot be reached. */
  readonly otherAddresses: readonly string[];
  readonly port: number;
  /** The pod behind it, where it is one. */
  readonly pod: ObjectKey | undefined;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  /** The pod's service account, where access is controlled. */
  readonly account?: ObjectKey;
}
