// The cases of test/golden-corefiles: Corefiles as they are in the world, each with what becomes of it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { patchFiles, restoreFiles, type Files } from '../../../src/dns/corefile/custom-files.ts';
import type { MeshDns } from '../../../src/dns/corefile/mesh-dns.ts';
import { patchCorefile, restoreCorefile } from '../../../src/dns/corefile/patch.ts';

const root = join(import.meta.dirname, '..', '..', 'golden-corefiles');

/** A Corefile, with the files that it imports. */
export interface CorefileCase {
  readonly name: string;
  readonly folder: string;
  readonly corefile: string;
  /** What is in the folder of files that the Corefile imports, if it imports one: the mesh goes there then. */
  readonly custom: Files | undefined;
  readonly mesh: MeshDns;
}

/** Puts the mesh where it belongs, and gives all that is there then: the Corefile, or the imported files. */
export function patchCase({ corefile, custom, mesh }: CorefileCase): Files {
  const patch = custom === undefined ? patchCorefile(corefile, mesh) : patchFiles(custom, corefile, mesh);
  if (patch.kind === 'refused') throw new Error(patch.reason);
  return typeof patch.result === 'string' ? { Corefile: patch.result } : patch.result;
}

/** What is left of {@link patchCase} when the mesh is gone. */
export function restoreCase({ corefile, custom }: CorefileCase): Files {
  return custom === undefined ? { Corefile: restoreCorefile(corefile) } : restoreFiles(custom);
}

/** A case as it is after one of these. */
export function withFiles(each: CorefileCase, files: Files): CorefileCase {
  return each.custom === undefined
    ? { ...each, corefile: files['Corefile'] ?? '' }
    : { ...each, custom: files };
}

/** The mesh that most cases have. */
export const usualMesh: MeshDns = {
  namespace: 'maesh',
  clusterDomain: 'cluster.local',
  domains: ['maesh', 'traefik.mesh'],
  longNames: new Map([
    [
      'a-service-with-quite-a-long-name.the-namespace-that-it-lives-in',
      'maesh-a-service-with-quite-a-long-name-0123456789',
    ],
  ]),
};

/** All cases, in the order of their names. */
export function corefileCases(): CorefileCase[] {
  return readdirSync(root)
    .toSorted()
    .map((name) => {
      const folder = join(root, name);
      const custom = join(folder, 'custom');
      return {
        name,
        folder,
        corefile: readFileSync(join(folder, 'Corefile'), 'utf8'),
        custom: existsSync(custom) ? filesOf(custom) : undefined,
        mesh: meshOf(join(folder, 'mesh.json')),
      };
    });
}

/** The files of a folder. */
export function filesOf(folder: string): Files {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

function meshOf(file: string): MeshDns {
  if (!existsSync(file)) return usualMesh;
  const { longNames, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as MeshFile;
  return { ...rest, longNames: new Map(Object.entries(longNames)) };
}

type MeshFile = Omit<MeshDns, 'longNames'> & { readonly longNames: Readonly<Record<string, string>> };
