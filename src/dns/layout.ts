// Where it is said, in a cluster, who answers which names: the places that the mesh's names have to be put in. Distributions
// differ in that, and so does what they leave alone.

import type { CoreDnsVersion } from './corefile/version.ts';
import type { ConfigMapKey } from './config-of.ts';
import type { WorkloadKind } from './workload.ts';

/** A workload by its name. */
export interface WorkloadName {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** An object that is there once in a namespace. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** A CoreDNS, by its Corefile. */
export interface CorefilePlace {
  readonly kind: 'corefile';
  readonly corefile: ConfigMapKey;
  /**
   * A ConfigMap of files that the Corefile may import. Where it does, the mesh's names go there: the distribution keeps the
   * Corefile itself (AKS), or writes it again whenever it starts (k3s).
   */
  readonly custom: ConfigMounted | undefined;
  /** Undefined for the mesh's own CoreDNS, which reads its Corefile again by itself. */
  readonly workload: WorkloadName | undefined;
  readonly version: CoreDnsVersion | undefined;
}

/** A ConfigMap, each of whose keys is a file. */
export interface ConfigMounted extends NamespacedName {
  /** The folder in the container. */
  readonly folder: string;
}

/** A NodeLocal DNSCache, by its Corefile: it hands the mesh's names on to the cluster's DNS instead of the world's. */
export interface NodeLocalPlace {
  readonly kind: 'node-local';
  readonly corefile: ConfigMapKey;
  readonly workload: WorkloadName;
}

/** The stub domains of kube-dns: it hands the mesh's names on to the mesh's own CoreDNS. */
export interface StubDomainsPlace {
  readonly kind: 'stub-domains';
  readonly configMap: NamespacedName;
  /** The Service of the mesh's own CoreDNS. */
  readonly resolver: NamespacedName;
  readonly workload: WorkloadName;
}

/** OpenShift's DNS operator, which writes the Corefile: CoreDNS hands the mesh's names on to the mesh's own. */
export interface OperatorPlace {
  readonly kind: 'operator';
  readonly resolver: NamespacedName;
}

/** Something in a cluster that says who answers the mesh's names. Plain data: two that are equal are the same place. */
export type DnsPlace = CorefilePlace | NodeLocalPlace | StubDomainsPlace | OperatorPlace;

/** All places of a cluster; none where its DNS is of no kind that is known here. */
export type DnsLayout = readonly DnsPlace[];

/** The namespace of a cluster's DNS, but for OpenShift. */
export const dnsNamespace = 'kube-system';

/** What tells places of a cluster apart: `corefile kube-system/coredns`. */
export function placeKey(place: DnsPlace): string {
  const at = ({ namespace, name }: NamespacedName): string => `${place.kind} ${namespace}/${name}`;
  switch (place.kind) {
    case 'corefile':
    case 'node-local':
      return at(place.corefile);
    case 'stub-domains':
      return at(place.configMap);
    default:
      return 'operator default';
  }
}

/** A place for people: `CoreDNS 1.11.3 (Deployment kube-system/coredns)`. */
export function placeTitle(place: DnsPlace): string {
  switch (place.kind) {
    case 'corefile': {
      if (place.workload === undefined) return "the mesh's own CoreDNS";
      const { major, minor, patch } = place.version ?? {};
      const version = major === undefined ? ' of unknown version' : ` ${major}.${minor}.${patch}`;
      return `CoreDNS${version} (${workloadTitle(place.workload)})`;
    }
    case 'node-local':
      return `NodeLocal DNSCache (${workloadTitle(place.workload)})`;
    case 'stub-domains':
      return `kube-dns (${workloadTitle(place.workload)})`;
    default:
      return "OpenShift's DNS operator";
  }
}

function workloadTitle({ kind, namespace, name }: WorkloadName): string {
  return `${kind} ${namespace}/${name}`;
}
