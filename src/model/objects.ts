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

export type KubeObject =
  | KubeService
  | KubeEndpointSlice
  | KubeEndpoints
  | KubePod
  | KubeNamespace
  | KubeServiceAccount;

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
];
