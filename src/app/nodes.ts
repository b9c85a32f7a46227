// The proxies of a mesh as the API shows them: the pods that there are, and what else is connected.

import { defaultAdminPort } from '../config/common-settings.ts';
import type { NodeConfiguration, NodeStatus } from '../serve/http/api.ts';
import { fetchConfigDump } from '../serve/http/config-dump.ts';
import { addressText } from '../serve/listen-error.ts';
import type { ConnectedProxy } from '../serve/xds/proxy.ts';
import type { ProxyPod } from '../source/kubernetes/proxy-pods.ts';

/** A proxy, and where it is asked for its configuration. */
export interface MeshNode extends NodeStatus {
  readonly adminPort: number | undefined;
}

/** What is known of a mesh's proxies. */
export interface KnownProxies {
  /** Pods in which proxies run; none outside a cluster. */
  readonly pods: readonly ProxyPod[];
  /** Those that are connected to this process. */
  readonly connected: readonly ConnectedProxy[];
}

/**
 * The nodes: every pod, wherever its proxy is connected, and after them each connected proxy that runs in none. A pod is
 * known by its address, or by its name where the proxy's bootstrap says that. Where a pod's admin interface is, the
 * proxy knows best, then the pod (a container port named `admin`); else it is where `maesh bootstrap` puts it.
 */
export function nodesOf({ pods, connected }: KnownProxies): readonly MeshNode[] {
  const podByName = new Map<string, ProxyPod>();
  for (const pod of pods) for (const name of [pod.name, ...pod.ips]) podByName.set(name, pod);
  const proxyOf = new Map<ProxyPod, ConnectedProxy>();
  const others: MeshNode[] = [];
  for (const proxy of connected) {
    const { id, address, ready, adminPort } = proxy;
    const pod = podByName.get(id) ?? podByName.get(address);
    if (pod === undefined) others.push({ name: id, ip: address, ready, adminPort });
    else proxyOf.set(pod, proxy);
  }
  const inPods = pods.map((pod): MeshNode => {
    const adminPort = proxyOf.get(pod)?.adminPort ?? pod.adminPort ?? defaultAdminPort;
    return { name: pod.name, ip: pod.ips[0] ?? '', ready: pod.isReady, adminPort };
  });
  return [...inPods, ...others];
}

/** Asks the node of this name for its configuration; of several, the one that connected last. */
export async function nodeConfiguration(
  nodes: readonly MeshNode[],
  name: string,
): Promise<NodeConfiguration> {
  const node = nodes.findLast((each) => each.name === name);
  if (node === undefined) return { kind: 'unknown' };
  if (node.ip === '') return { kind: 'unreachable', reason: 'its pod has no address yet' };
  if (node.adminPort === undefined) {
    return { kind: 'unreachable', reason: 'its bootstrap does not say where its admin interface is' };
  }
  return await fetchConfigDump(`http://${addressText(node.ip, node.adminPort)}`);
}
