// What a node is given before it starts: certificates, the ways to the API server, configuration.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ControlPlane } from '../control-plane.ts';
import type { NodePlace } from './network.ts';
import type { NodeOptions } from './node.ts';
import { writeNodeFiles } from './node-files.ts';

export interface NodePlan {
  readonly place: NodePlace;
  /** The folder in which the node's own is made. */
  readonly parent: string;
  readonly pauseImage: string;
  readonly dnsAddress: string;
  /** The way of kube-proxy to the API server. */
  readonly proxyKubeconfig: string;
}

/** Makes a node's folder, and says how the node is started. */
export async function prepareNode(plane: ControlPlane, plan: NodePlan): Promise<NodeOptions> {
  const { pauseImage, dnsAddress, proxyKubeconfig } = plan;
  const { name, address, pods, namespace } = plan.place;
  const { authority } = plane;
  const folder = join(plan.parent, name);
  const [serving, kubelet] = await Promise.all([
    authority.issue({ commonName: name, names: [name], addresses: [address] }),
    authority.issue({ commonName: `system:node:${name}`, organisation: 'system:nodes' }),
  ]);
  const kubeconfig = await plane.writeKubeconfig({ certificate: kubelet });
  const ca = authority.certificate;
  await mkdir(folder);
  await writeNodeFiles({ name, folder, address, pods, pauseImage, dnsAddress, ca, serving, proxyKubeconfig });
  const labels = { 'topology.kubernetes.io/zone': `zone-of-${name}` };
  return { name, folder, address, namespace, kubeconfig, labels };
}
