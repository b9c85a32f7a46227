// Whether CoreDNS reads a changed configuration by itself, by its plugin `reload`, or only when it starts.

import { createHash } from 'node:crypto';

import { restoreCorefile } from './corefile/patch.ts';
import { hasPlugin, isFault, readCorefile } from './corefile/server-blocks.ts';
import type { CoreDnsVersion } from './corefile/version.ts';

/** Since this version `reload` notices changes in imported files (coredns/coredns, plugin/reload/reload.go, `parse`). */
const importsNoticedSince: CoreDnsVersion = { major: 1, minor: 6, patch: 2 };

/** What is to be read. */
interface Configuration {
  /** Whether the mesh's names are in files that the Corefile imports. */
  readonly isInFiles: boolean;
  /** Undefined where it isn't known: then it counts as new. */
  readonly version: CoreDnsVersion | undefined;
  /** All that is configured, as data. */
  readonly wanted: object;
}

/**
 * What stands for a configuration that pods have to be started with; undefined where they notice it. A `reload` in the mesh's
 * own lines doesn't count: pods that have started without them don't have it.
 */
export function startedWith(
  corefile: string,
  { isInFiles, version, wanted }: Configuration,
): string | undefined {
  const read = readCorefile(restoreCorefile(corefile));
  const reloads = !isFault(read) && read.blocks.some((block) => hasPlugin(block, 'reload'));
  if (reloads && !(isInFiles && isBefore(version, importsNoticedSince))) return undefined;
  return createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 12);
}

function isBefore(version: CoreDnsVersion | undefined, other: CoreDnsVersion): boolean {
  return version !== undefined && numberOf(version) < numberOf(other);
}

function numberOf({ major, minor, patch }: CoreDnsVersion): number {
  return major * 1_000_000 + minor * 1_000 + patch;
}
