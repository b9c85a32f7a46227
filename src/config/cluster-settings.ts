// Settings of all commands that talk to a cluster, each defined once.

import type { Setting } from './setting.ts';
import { objectName, text, unlessEmpty } from './value.ts';

export const kubeConfig: Setting<string | undefined> = {
  doc: "kubeconfig by which the API server is reached; within a cluster it is the pod's own account that counts",
  group: 'Cluster',
  kind: unlessEmpty(text('file')),
  default: undefined,
  defaultText: '$KUBECONFIG',
};

/** That of commands that people type. */
export const commandKubeConfig: Setting<string | undefined> = {
  ...kubeConfig,
  doc: 'kubeconfig by which the API server is reached',
  defaultText: "$KUBECONFIG, else within a cluster the pod's own account, else ~/.kube/config",
};

export const masterURL: Setting<string | undefined> = {
  doc: "address of the API server, in place of the kubeconfig's",
  group: 'Cluster',
  kind: unlessEmpty(text('url')),
  default: undefined,
  defaultText: "the kubeconfig's",
};

export const leaseName: Setting<string> = {
  doc: "Lease in the mesh's namespace by which several controllers agree on the one that writes to the cluster",
  group: 'Cluster',
  kind: objectName,
  default: 'maesh-controller',
};
