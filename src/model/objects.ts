// The Kubernetes objects that the mesh reads, reduced to the fields that it reads.
// Sources make them (src/source/parse); the rest of the model reads them. They are immutable and compared by
// reference: a source hands the same reference again for an object that has not changed.

import type { Origin } from './problem.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type IpFamily = 'IPv4' | 'IPv6';

interface KubeObjectBase {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `metadata.uid`, from an API server only, and not of pods and slices: of them there are many, and nothing asks for it. */
  readonly uid?: string;
  /** `metadata.generation`, from an API server only, of kinds in whose status problems are said: it grows with each change of `spec`. */
  readonly generation?: number;
  /** Where the object was read, in a file source. Not part of what the object says: never compared. */
  readonly origin?: Origin;
}

/** core/v1 Service. */
export interface KubeService extends KubeObjectBase {
  readonly kind: 'Service';
  readonly annotations: Readonly<Record<string, string>>;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** `spec.clusterIPs`; `['None']` for a headless service, empty where none is given (as in a hand-written manifest). */
  readonly clusterIPs: readonly string[];
  /** `spec.ipFamilies`, the preferred one first; empty where none is given. */
  readonly ipFamilies: readonly IpFamily[];
  /** Undefined for a service without a selector, whose endpoints somebody else writes. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly ports: readonly KubeServicePort[];
  readonly publishNotReadyAddresses: boolean;
}

export interface KubeServicePort {
  /** Empty where the service's only port has no name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** A number, or the name of a container port. Equal to `port` where the manifest gives none. */
  readonly targetPort: number | string;
  readonly appProtocol: string | undefined;
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface KubeEndpointSlice extends KubeObjectBase {
  readonly kind: 'EndpointSlice';
  /** Label `kubernetes.io/service-name`; empty where the slice belongs to no service. */
  readonly service: string;
  readonly addressType: IpFamily | 'FQDN';
  readonly endpoints: readonly KubeEndpoint[];
  readonly ports: readonly KubeEndpointPort[];
}

export interface KubeEndpoint {
  readonly addresses: readonly string[];
  /** Conditions with Kubernetes' defaults filled in: ready unless said otherwise, serving as ready, not terminating. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  /** Name of the pod behind it (`targetRef` of kind Pod), in the slice's namespace. */
  readonly pod: string | undefined;
}

export interface KubeEndpointPort {
  readonly name: string;
  /** Undefined means "all ports" in the API, which no service port can use. */
  readonly port: number | undefined;
  readonly protocol: Protocol;
  readonly appProtocol: string | undefined;
}

/** core/v1 Endpoints, read for services that have no EndpointSlice. */
export interface KubeEndpoints extends KubeObjectBase {
  readonly kind: 'Endpoints';
  readonly subsets: readonly KubeEndpointSubset[];
}

export interface KubeEndpointSubset {
  readonly addresses: readonly KubeEndpointAddress[];
  readonly notReadyAddresses: readonly KubeEndpointAddress[];
  readonly ports: readonly KubeEndpointPort[];
}

export interface KubeEndpointAddress {
  readonly ip: string;
  readonly nodeName: string | undefined;
  readonly pod: string | undefined;
}

/** core/v1 Pod. */
export interface KubePod extends KubeObjectBase {
  readonly kind: 'Pod';
  readonly nodeName: string | undefined;
  /** `spec.serviceAccountName`, `default` where none is given. */
  readonly serviceAccount: string;
  /** `status.podIPs`, else `[status.podIP]`, else empty. */
  readonly ips: readonly string[];
  /** Condition `Ready` is `True`. */
  readonly ready: boolean;
  /** `metadata.deletionTimestamp` is set. */
  readonly terminating: boolean;
  /** Phase `Succeeded` or `Failed`: such a pod's address is no longer its own. */
  readonly finished: boolean;
  readonly hostNetwork: boolean;
  /** Container ports of all containers (and of init containers that keep running), in the order of the manifest. */
  readonly containerPorts: readonly KubeContainerPort[];
}

export interface KubeContainerPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** core/v1 Namespace. Cluster-wide: its namespace is empty. */
export interface KubeNamespace extends KubeObjectBase {
  readonly kind: 'Namespace';
}

/** core/v1 ServiceAccount. */
export interface KubeServiceAccount extends KubeObjectBase {
  readonly kind: 'ServiceAccount';
}

/** split.smi-spec.io TrafficSplit: what is meant for one service goes to others, by weight. All are in its namespace. */
export interface KubeTrafficSplit extends KubeObjectBase {
  readonly kind: 'TrafficSplit';
  /** Name of the root: the service that callers call. */
  readonly service: string;
  /** In the order of the manifest, in which a service may stand more than once. */
  readonly backends: readonly KubeSplitBackend[];
  /** Names of the HTTPRouteGroups whose requests are split; empty: all are. */
  readonly routeGroups: readonly string[];
}

export interface KubeSplitBackend {
  readonly service: string;
  /** A whole number. Zero and below mean no share. */
  readonly weight: number;
}

/** access.smi-spec.io TrafficTarget: who may call what, by service account. */
export interface KubeTrafficTarget extends KubeObjectBase {
  readonly kind: 'TrafficTarget';
  readonly destination: KubeIdentity;
  /** The only port of the destination that is meant; undefined: all are. */
  readonly port: number | undefined;
  readonly sources: readonly KubeIdentity[];
  /** What may be called; empty: everything. */
  readonly rules: readonly KubeTrafficRule[];
}

/** Who calls or is called, by the name of a service account. */
export interface KubeIdentity {
  /** `ServiceAccount` where none is given. */
  readonly kind: string;
  readonly name: string;
  /** Empty for a source that gives none; a destination that gives none is in the TrafficTarget's own namespace. */
  readonly namespace: string;
}

/** A reference to a route of the TrafficTarget's namespace. */
export interface KubeTrafficRule {
  readonly kind: 'HTTPRouteGroup' | 'TCPRoute' | 'UDPRoute';
  readonly name: string;
  /** Names of those matches of an HTTPRouteGroup that are meant; empty: all are. */
  readonly matches: readonly string[];
}

/** specs.smi-spec.io HTTPRouteGroup: kinds of requests, by name. */
export interface KubeHttpRouteGroup extends KubeObjectBase {
  readonly kind: 'HTTPRouteGroup';
  readonly matches: readonly KubeHttpMatch[];
}

/** Requests that meet every condition. */
export interface KubeHttpMatch {
  /** Empty where none is given. */
  readonly name: string;
  /** In upper case. Empty, or with `*` among them: every method. */
  readonly methods: readonly string[];
  /** A regular expression that the path begins with; empty: every path. */
  readonly pathRegex: string;
  readonly headers: readonly KubeHeaderMatch[];
}

/** A header whose value holds what the regular expression matches. */
export interface KubeHeaderMatch {
  /** In lower case. */
  readonly name: string;
  readonly regex: string;
}

/** specs.smi-spec.io TCPRoute. */
export interface KubeTcpRoute extends KubeObjectBase {
  readonly kind: 'TCPRoute';
  /** Ports that are meant; empty: all are. */
  readonly ports: readonly number[];
}

/** specs.smi-spec.io UDPRoute. */
export interface KubeUdpRoute extends KubeObjectBase {
  readonly kind: 'UDPRoute';
  /** Ports that are meant; empty: all are. */
  readonly ports: readonly number[];
}

export type KubeObject =
  | KubeService
  | KubeEndpointSlice
  | KubeEndpoints
  | KubePod
  | KubeNamespace
  | KubeServiceAccount
  | KubeTrafficSplit
  | KubeTrafficTarget
  | KubeHttpRouteGroup
  | KubeTcpRoute
  | KubeUdpRoute;

export type Kind = KubeObject['kind'];

/** The object of a kind. */
export type ObjectOf<K extends Kind> = Extract<KubeObject, { kind: K }>;

/** Every kind that the mesh reads, in the order in which they are listed to users. */
export const kinds: readonly Kind[] = [
  'Service',
  'EndpointSlice',
  'Endpoints',
  'Pod',
  'Namespace',
  'ServiceAccount',
  'TrafficSplit',
  'TrafficTarget',
  'HTTPRouteGroup',
  'TCPRoute',
  'UDPRoute',
];
