// How a command reaches its cluster: what the user says, and what the process has around it.

import type { Surroundings } from './config-file.ts';
import type { Environment } from './environment.ts';
import type { Mistake } from './mistake.ts';
import type { ClusterOptions } from './options.ts';

/** Completes what the user says of the cluster. */
export function clusterOptions(
  { kubeConfig, masterURL }: Pick<ClusterOptions, 'kubeConfig' | 'masterURL'>,
  { env }: Pick<Surroundings, 'env'>,
): ClusterOptions {
  return { kubeConfig: kubeConfig ?? (env['KUBECONFIG'] || undefined), masterURL, env };
}

/** The mistake of naming no cluster; none where one is named. */
export function noCluster({ env, kubeConfig, masterURL }: ClusterOptions): readonly Mistake[] {
  if (kubeConfig !== undefined || masterURL !== undefined || isInPod(env)) return [];
  return [
    {
      what: 'no cluster',
      why: 'nothing says where the API server is',
      advice:
        'run Maesh in a pod, or give --kubeConfig, KUBECONFIG or --masterURL; without a cluster, `maesh standalone` ' +
        'runs a mesh, and `maesh --help` shows everything else',
    },
  ];
}

/** Whether Kubernetes has told this process where its API server is: by both variables, or it means nothing. */
function isInPod(env: Environment): boolean {
  return Boolean(env['KUBERNETES_SERVICE_HOST']) && Boolean(env['KUBERNETES_SERVICE_PORT']);
}
