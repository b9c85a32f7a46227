// From the settings of the controller to its options: what follows from where it runs, and what doesn't go together.

import type { Surroundings } from './config-file.ts';
import type { ControllerSettings } from './controller-settings.ts';
import type { Environment } from './environment.ts';
import type { Mistake } from './mistake.ts';
import type { ControllerOptions } from './options.ts';
import { samePorts } from './same-ports.ts';

/** Completes the settings, or says what is missing and which of them contradict one another. */
export function controllerOptions(
  settings: ControllerSettings,
  { env, hostname }: Pick<Surroundings, 'env' | 'hostname'>,
): { readonly options: ControllerOptions } | { readonly mistakes: readonly Mistake[] } {
  const { configFile: _, smi, debug, ...rest } = settings;
  const options: ControllerOptions = {
    ...rest,
    acl: rest.acl || smi,
    logLevel: debug ? 'debug' : rest.logLevel,
    kubeConfig: rest.kubeConfig ?? (env['KUBECONFIG'] || undefined),
    env,
    hostname,
    watchNamespaces: sorted(rest.watchNamespaces),
    ignoreNamespaces: sorted(rest.ignoreNamespaces),
  };
  const mistakes = [
    ...noCluster(options),
    ...nothingWatched(options),
    ...samePorts(options, ['apiPort', 'xdsPort']),
  ];
  return mistakes.length > 0 ? { mistakes } : { options };
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}

function noCluster({ env, kubeConfig, masterURL }: ControllerOptions): readonly Mistake[] {
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

function nothingWatched({ watchNamespaces, ignoreNamespaces }: ControllerOptions): readonly Mistake[] {
  const ignored = new Set([...ignoreNamespaces, 'kube-system']);
  if (watchNamespaces.length === 0 || watchNamespaces.some((name) => !ignored.has(name))) return [];
  return [
    {
      what: `--watchNamespaces ${watchNamespaces.join(',')}`,
      why: 'each of them is ignored, so there would be nothing in the mesh',
      advice: 'watch one that is not ignored; kube-system always is',
    },
  ];
}
