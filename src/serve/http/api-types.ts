// The JSON that the API on port 9000 speaks: what its users may rely on. Paths and the names of the first three shapes
// are those of Maesh 1.3; what stands in them is ours. Types only, so that the CLI can read them too.

import type { DnsStatus } from '../../dns/status.ts';
import type { PortPolicy } from '../../model/policy.ts';
import type { HttpMatch, TrafficType, UpstreamProtocol } from '../../model/topology.ts';
import type { ResourcesJson } from '../../translate/inspect.ts';
import type { MeshPortCounts } from './mesh-ports.ts';

/** Every path that is served, in the order in which users are told of them. */
export const apiPaths = [
  '/api/topology/current',
  '/api/configuration/current',
  '/api/problems',
  '/api/status/readiness',
  '/api/status/nodes',
  '/api/status/node/{node}/configuration',
  '/api/status/ports',
  '/api/status/controller',
  '/api/status/proxies',
  '/api/status/mesh-ports',
  '/api/status/names/{namespace}/{service}',
  '/healthz',
  '/metrics',
] as const;

/**
 * `/api/topology/current`: what the mesh is. Empty until there is a first topology. Services and TrafficSplits are keyed
 * `name@namespace` and sorted by namespace and name.
 */
export interface TopologyJson {
  readonly services: Readonly<Record<string, ServiceJson>>;
  readonly trafficSplits: Readonly<Record<string, TrafficSplitJson>>;
  readonly problems: readonly ProblemJson[];
}

export interface ServiceJson {
  readonly name: string;
  readonly namespace: string;
  /** Loopback address on which the service's ports are open; null where it has none. */
  readonly localAddress: string | null;
  /** Messages of the problems of this service, as in the original. `problems` has the whole of them. */
  readonly errors: readonly string[];
  readonly ports: readonly ServicePortJson[];
}

export interface ServicePortJson {
  /** Empty where the service's only port has no name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly traffic: TrafficType;
  readonly upstream: UpstreamProtocol;
  readonly upstreamTls: boolean;
  /** What the Service asks of the proxies by its annotations; null where it asks nothing. */
  readonly policy: PolicyJson | null;
  /** Port of every proxy that stands for this one; null where the ports have run out. */
  readonly meshPort: number | null;
  /** Port on the service's own address at which this one is open; null where it is not open there. */
  readonly localPort: number | null;
  /** How what is sent there is divided, in the order in which it is tried; the endpoints get what is left. */
  readonly splits: readonly SplitJson[];
  /** Who may call it: whom any of these lets in; null where access isn't controlled. */
  readonly access: readonly AccessJson[] | null;
  readonly endpoints: readonly EndpointJson[];
}

export interface AccessJson {
  /** Service accounts of callers, as `name@namespace`. */
  readonly sources: readonly string[];
  /** The requests that are allowed, those of any of these; null where everything is. */
  readonly matches: readonly HttpMatch[] | null;
  /** The only service account whose pods may be reached; null where all endpoints are its. */
  readonly destination: string | null;
}

export interface SplitJson {
  /** The requests that are divided, those of any of these; null where everything is. */
  readonly matches: readonly HttpMatch[] | null;
  readonly backends: readonly {
    /** `name@namespace`. */
    readonly service: string;
    readonly port: number;
    /** Its part of the sum of all weights. */
    readonly weight: number;
  }[];
}

/** What a TrafficSplit says, also where it does nothing; what comes of it is in `splits` of the ports of its service. */
export interface TrafficSplitJson {
  readonly name: string;
  readonly namespace: string;
  /** The root, as `name@namespace`. */
  readonly service: string;
  /** In the order of the manifest. */
  readonly backends: readonly {
    /** `name@namespace`. */
    readonly service: string;
    readonly weight: number;
  }[];
  /** HTTPRouteGroups whose requests are split, as `name@namespace`; empty: all are. */
  readonly routeGroups: readonly string[];
  /** Messages of its problems, as in the original. `problems` has the whole of them. */
  readonly errors: readonly string[];
}

/** The policy of the model, absent what is not asked for, with the circuit breaker's condition as an expression. */
export type PolicyJson = Omit<PortPolicy, 'circuitBreaker'> & { readonly circuitBreaker?: string };

export interface EndpointJson {
  readonly address: string;
  readonly port: number;
  /** Addresses of the same pod in the other IP family. */
  readonly otherAddresses: readonly string[];
  /** `name@namespace` of the pod; null where there is none. */
  readonly pod: string | null;
  readonly node: string | null;
  readonly zone: string | null;
}

/** `/api/problems`: every mistake that is known now. */
export interface ProblemJson {
  readonly code: string;
  readonly kind: string;
  /** Empty for cluster-wide objects and files. */
  readonly namespace: string;
  readonly name: string;
  /** Where the object was read; null where it came from no file. */
  readonly file: string | null;
  /** Line on which its document begins, from 1. */
  readonly line: number | null;
  readonly message: string;
  readonly advice: string;
}

/**
 * `/api/configuration/current`: what proxies are told, as `maesh translate` shows it. Every list is empty until there is
 * a first topology.
 */
export interface ConfigurationJson extends ResourcesJson {
  /** A sentence for whoever looks here for routes of a Traefik; proxies of the original can't read it, and keep what they have. */
  readonly http: string;
}

/** An entry of `/api/status/nodes`. */
export interface NodeJson {
  readonly Name: string;
  readonly IP: string;
  readonly Ready: boolean;
}

/** `/api/status/ports`: what is listened on, such as `{"dns":"127.0.0.1:5353"}`. */
export type PortsJson = Readonly<Record<string, string>>;

/** `/api/status/controller`: who answers, and the settings that others need to know to understand what it does. */
export interface ControllerJson {
  /** Version of Maesh. */
  readonly version: string;
  /** Name of its pod or machine. */
  readonly name: string;
  /** Null in a standalone mesh. */
  readonly cluster: {
    /** The mesh's own namespace. */
    readonly namespace: string;
    /** Name of the Lease, in that namespace, whose holder writes to the cluster. */
    readonly lease: string;
    /** What the Lease calls this replica. */
    readonly identity: string;
    readonly isLeading: boolean;
    /** Empty: all namespaces. */
    readonly watchNamespaces: readonly string[];
    readonly ignoreNamespaces: readonly string[];
    /** Whether only those may call whom a TrafficTarget lets in. */
    readonly acl: boolean;
    /** How the cluster's DNS stands to the mesh, as far as this replica sees. */
    readonly dns: DnsStatus;
  } | null;
}

/** `/api/status/proxies`: the proxies that are connected to this replica. */
export interface ProxiesJson {
  /** The newest of the numbered states that proxies are told; 0 before the first. */
  readonly sequence: number;
  readonly proxies: readonly ProxyJson[];
}

export interface ProxyJson {
  /** Its name by its bootstrap: in a cluster that of its pod. */
  readonly name: string;
  /** IP address that it connects from. */
  readonly address: string;
  /** RFC 3339. */
  readonly connectedSince: string;
  /** The newest sequence of which it has acknowledged everything, or refused it for good; 0 before the first. */
  readonly acknowledged: number;
  /** How many resources it refuses; `/api/problems` says which. */
  readonly refused: number;
}

/** `/api/status/mesh-ports`: how many mesh ports there are for each traffic type. */
export type MeshPortsJson = Readonly<Record<TrafficType, MeshPortCounts>>;

/**
 * `/api/status/names/{namespace}/{service}`: what DNS says of a service of the mesh, asked now, from where the controller runs.
 * The name of its shadow Service in the cluster comes first, then its name under each domain of the mesh: all are to lead to
 * the same addresses.
 */
export interface NamesJson {
  readonly names: readonly NameJson[];
}

export interface NameJson {
  /** Without a dot at its end. */
  readonly name: string;
  /** Domain of the mesh that it is in; null for the name of the shadow Service. */
  readonly domain: string | null;
  /** IP addresses, sorted; of both families. */
  readonly addresses: readonly string[];
  /** Why there are none, such as `ENOTFOUND` where there is no such name and `ETIMEOUT` where nobody answered; else null. */
  readonly error: string | null;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** The body of every answer that is an error. */
export interface ErrorJson {
  readonly error: string;
  /** Paths that there are; with 404 only. */
  readonly paths?: readonly string[];
}
