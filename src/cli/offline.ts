// Manifests to topology without running anything: what `maesh check` and `maesh translate` have in common.

import { parseAddressRange } from '../model/addresses.ts';
import { buildTopology } from '../model/build.ts';
import { standalonePorts } from '../model/ports.ts';
import type { Topology, TrafficType } from '../model/topology.ts';
import { readPaths } from '../source/file/read-paths.ts';

/** What manifests say. */
export interface OfflineMesh {
  readonly topology: Topology;
  /** How many objects of each kind there are that the mesh does not read. */
  readonly ignoredKinds: ReadonlyMap<string, number>;
}

/** Settings that the topology depends on. */
export interface OfflineOptions {
  /** Files and folders; `-` is standard input. */
  readonly dir: readonly string[];
  readonly defaultMode: TrafficType;
  readonly acl: boolean;
  readonly addressRange: string;
}

/** Reads manifests and builds the topology that a standalone mesh would begin with. */
export async function readMesh({
  dir,
  defaultMode,
  acl,
  addressRange,
}: OfflineOptions): Promise<OfflineMesh> {
  const { objects, problems, ignoredKinds } = await readPaths(dir);
  const topology = buildTopology(objects, {
    defaultMode,
    ports: standalonePorts,
    addresses: parseAddressRange(addressRange)?.services,
    isAccessControlled: acl,
    problems,
  });
  return { topology, ignoredKinds };
}
