// Which Envoy an executable is, and whether it is new enough for what Maesh tells it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The Envoy that Maesh fetches and is tested with. */
export const envoyVersion = '1.40.0';

/** The oldest Envoy that understands the resources that Maesh makes. */
export const oldestEnvoy = '1.40';

/** What an executable says about itself. */
export type Examined = { readonly version: string } | { readonly unusable: string };

// The first start of a binary of 100 MB from a cold disk takes seconds.
const timeoutMs = 30_000;

/**
 * Asks an executable for its version (some 30 ms where the file is in the page cache).
 * @returns its version, or why it is of no use: not there, not executable, not Envoy, too old.
 */
export async function examineEnvoy(path: string): Promise<Examined> {
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(path, ['--version'], { timeout: timeoutMs }));
  } catch (error) {
    return { unusable: `cannot be run (${firstLine((error as Error).message)})` };
  }
  // `…/envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`; a build from between releases says 1.41.0-dev.
  const version = /version: [0-9a-f]+\/(\d+\.\d+\.\d+[^/\s]*)\//.exec(stdout)?.[1];
  if (version === undefined) return { unusable: 'does not say that it is Envoy' };
  if (!isNewEnough(version))
    return { unusable: `is Envoy ${version}, and ${oldestEnvoy} or newer is needed` };
  return { version };
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestEnvoy.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
