// From the settings of `maesh standalone` to its options: what follows from other settings, and what doesn't go together.

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

import { defaultXdsPort } from './common-settings.ts';
import type { Surroundings } from './config-file.ts';
import type { Mistake } from './mistake.ts';
import type { StandaloneOptions } from './options.ts';
import { samePorts } from './same-ports.ts';
import type { StandaloneSettings } from './settings.ts';

/** Completes the settings, or says which of them contradict one another. */
export function standaloneOptions(
  settings: StandaloneSettings,
  surroundings: Pick<Surroundings, 'env' | 'cwd'>,
): { readonly options: StandaloneOptions } | { readonly mistakes: readonly Mistake[] } {
  const { configFile: _, smi, debug, xdsPort, stateDir, ...rest } = settings;
  const options: StandaloneOptions = {
    ...rest,
    acl: rest.acl || smi,
    logLevel: debug ? 'debug' : rest.logLevel,
    xdsPort: xdsPort ?? (rest.envoy === 'external' ? defaultXdsPort : 0),
    stateDir:
      stateDir === undefined ? defaultStateDir(rest.dir, surroundings) : resolve(surroundings.cwd, stateDir),
  };
  const mistakes = samePorts(options, ['httpPort', 'dnsPort', 'apiPort', 'xdsPort']);
  return mistakes.length > 0 ? { mistakes } : { options };
}

/** One folder for each set of manifests, whatever the order in which they are named: two meshes never share a state. */
function defaultStateDir(dir: readonly string[], { env, cwd }: Pick<Surroundings, 'env' | 'cwd'>): string {
  const paths = dir.map((path) => resolve(cwd, path)).toSorted();
  const hash = createHash('sha256').update(paths.join('\0')).digest('hex').slice(0, 12);
  const home = env['HOME'] ?? cwd;
  const stateHome = env['XDG_STATE_HOME'] || join(home, '.local', 'state');
  return resolve(cwd, stateHome, 'maesh', hash);
}
