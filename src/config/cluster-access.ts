// How a command reaches its cluster: what the user says, and what the process has around it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Surroundings } from './config-file.ts';
import type { Environment } from './environment.ts';
import type { Mistake } from './mistake.ts';
import type { ClusterOptions } from './options.ts';

/** What the user says of the cluster. */
type Said = Pick<ClusterOptions, 'kubeConfig' | 'masterURL'>;

/** Completes what is said of the controller's cluster. In a pod that is the pod's own, as in the original. */
export function clusterOptions(said: Said, { env }: Pick<Surroundings, 'env'>): ClusterOptions {
  return { ...named(said, env), env };
}

/**
 * Completes what is said of the cluster of a command that people type: as Kubernetes' own do it, what is named counts, else
 * the pod that the command runs in, else the file that kubectl takes.
 */
export function commandClusterOptions(said: Said, { env }: Pick<Surroundings, 'env'>): ClusterOptions {
  const { kubeConfig, masterURL } = named(said, env);
  const isNamed = kubeConfig !== undefined || masterURL !== undefined;
  const usual = isNamed || isInPod(env) ? undefined : usualKubeconfig(env);
  return { kubeConfig: kubeConfig ?? usual, masterURL, env, isPodFirst: false };
}

function named({ kubeConfig, masterURL }: Said, env: Environment): Said {
  return { kubeConfig: kubeConfig ?? (env['KUBECONFIG'] || undefined), masterURL };
}

function usualKubeconfig({ HOME: home }: Environment): string | undefined {
  const path = home ? join(home, '.kube', 'config') : '';
  return existsSync(path) ? path : undefined;
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
