// From the workloads of a cluster to the places where its DNS is configured. The manifests that this follows:
// - kubeadm: kubernetes/kubernetes, cmd/kubeadm/app/phases/addons/dns/manifests.go; EKS has the same objects
// - k3s: k3s-io/k3s, manifests/coredns.yaml; RKE2 and others: github.com/coredns/helm, charts/coredns
// - AKS: learn.microsoft.com/azure/aks/coredns-custom
// - kube-dns: kubernetes/kubernetes, cluster/addons/dns/kube-dns; cloud.google.com/kubernetes-engine/docs/how-to/kube-dns
// - NodeLocal DNSCache: kubernetes/kubernetes, cluster/addons/dns/nodelocaldns
// - OpenShift: openshift/cluster-dns-operator, pkg/operator/controller/controller_dns_configmap.go

import { byText } from '../model/key.ts';
import {
  placeKey,
  type CorefilePlace,
  type DnsLayout,
  type DnsPlace,
  type NamespacedName,
  type WorkloadName,
} from './layout.ts';
import { configMapAt, configOf } from './config-of.ts';
import type { DnsWorkload } from './workload.ts';

/** What a cluster has. */
export interface ClusterDns {
  /** Those of the namespace of the cluster's DNS. */
  readonly workloads: readonly DnsWorkload[];
  /** Whether there is an operator that writes CoreDNS' configuration (OpenShift). */
  readonly hasOperator: boolean;
  /** The mesh's own namespace, in which its own CoreDNS is where one is needed. */
  readonly meshNamespace: string;
}

/** Name of the mesh's own CoreDNS' Service and ConfigMap, as in the original's charts. */
const ownResolver = 'coredns';

/** The files that Corefiles import from a folder, in all distributions that offer that: relative to the Corefile's own. */
const customFolder = 'custom';

/** Finds the places, sorted; none where nothing is known of this cluster's DNS. */
export function findLayout({ workloads, hasOperator, meshNamespace }: ClusterDns): DnsLayout {
  const resolver = { namespace: meshNamespace, name: ownResolver };
  const places = new Map<string, DnsPlace>();
  const found = hasOperator
    ? [operatorPlace(resolver)]
    : workloads.flatMap((each) => placeOf(each, resolver));
  const own = found.some(({ kind }) => kind === 'operator' || kind === 'stub-domains')
    ? [ownPlace(resolver)]
    : [];
  for (const place of [...own, ...found]) {
    const key = placeKey(place);
    // A Deployment and a DaemonSet may share a ConfigMap.
    if (!places.has(key)) places.set(key, place);
  }
  const layout = [...places.values()];
  // A NodeLocal DNSCache takes the stub domains of kube-dns over by itself, and alone it is no DNS of a cluster.
  const isKubeDns = layout.some(({ kind }) => kind === 'stub-domains');
  const hasDns = layout.some(({ kind }) => kind !== 'node-local');
  return layout
    .filter(({ kind }) => kind !== 'node-local' || (hasDns && !isKubeDns))
    .toSorted((a, b) => byText(placeKey(a), placeKey(b)));
}

function placeOf(workload: DnsWorkload, resolver: NamespacedName): readonly DnsPlace[] {
  const { kind, namespace, name, program, version } = workload;
  const named: WorkloadName = { kind, namespace, name };
  if (program === 'kube-dns') {
    return [{ kind: 'stub-domains', configMap: { namespace, name: 'kube-dns' }, resolver, workload: named }];
  }
  const corefile = configOf(workload);
  if (corefile === undefined) return [];
  if (program === 'node-cache') return [{ kind: 'node-local', corefile, workload: named }];
  return [{ kind: 'corefile', corefile, custom: customOf(workload), workload: named, version }];
}

function customOf(workload: DnsWorkload): CorefilePlace['custom'] {
  const { namespace, configFile = '/etc/coredns/Corefile' } = workload;
  const folder = `${configFile.slice(0, configFile.lastIndexOf('/'))}/${customFolder}`;
  const name = configMapAt(workload, folder);
  return name === undefined ? undefined : { namespace, name, folder };
}

function operatorPlace(resolver: NamespacedName): DnsPlace {
  return { kind: 'operator', resolver };
}

/** Its Corefile is Helm's, and imports a ConfigMap that is the mesh's to write; that of the original's charts does not. */
function ownPlace(resolver: NamespacedName): DnsPlace {
  const folder = `/etc/coredns/${customFolder}`;
  return {
    kind: 'corefile',
    corefile: { ...resolver, key: 'Corefile' },
    custom: { ...resolver, name: `${ownResolver}-${customFolder}`, folder },
    workload: undefined,
    version: undefined,
  };
}
