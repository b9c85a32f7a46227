// From the settings of the controller to its options: what follows from where it runs, and what doesn't go together.

import { clusterOptions, noCluster } from './cluster-access.ts';
import type { Surroundings } from './config-file.ts';
import type { ControllerSettings } from './controller-settings.ts';
import { takenDomains } from './mesh-domains.ts';
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
    ...clusterOptions(rest, { env }),
    hostname,
    watchNamespaces: sorted(rest.watchNamespaces),
    ignoreNamespaces: sorted(rest.ignoreNamespaces),
  };
  const mistakes = [
    ...noCluster(options),
    ...nothingWatched(options),
    ...takenDomains(options),
    ...samePorts(options, ['apiPort', 'xdsPort']),
  ];
  return mistakes.length > 0 ? { mistakes } : { options };
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
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
