// The mesh in files of its own, where a Corefile imports what others want to have served: AKS, k3s and others mount a
// ConfigMap `coredns-custom`, each of whose keys is a file.

import { check } from './check.ts';
import { hasMarks, marked } from './marks.ts';
import type { MeshDns, Patch } from './mesh-dns.ts';
import { meshBlocksFor, refused } from './patch.ts';
import { isFault, readCorefile } from './server-blocks.ts';

/** Keys of a ConfigMap with what they hold. */
export type Files = Readonly<Record<string, string>>;

/** Ours, and the original's for the mesh. */
const ownFile = 'maesh.server';
/** The original's second. */
const originalFile = 'traefik.mesh.server';

/** Whether a Corefile imports every file that ends in `.server`, between its server blocks. */
export function importsServerFiles(corefile: string): boolean {
  const read = readCorefile(corefile);
  return !isFault(read) && read.imports.some((pattern) => /(^|\/)\*\.server$/.test(pattern));
}

/** The files with the mesh's in place of what was ours or the original's, for a Corefile that imports them. */
export function patchFiles(files: Files, corefile: string, mesh: MeshDns): Patch<Files> {
  const others = restoreFiles(files);
  if (ownFile in others) return refused(mesh, `there is a file ${ownFile} already that is not the mesh's`);
  const block = meshBlocksFor(corefile, mesh);
  if (block.kind === 'refused') return block;
  const result = { ...others, [ownFile]: marked(block.result) };
  const servers = Object.entries(result).filter(([name]) => name.endsWith('.server'));
  const [fault] = check([corefile, ...servers.map(([, text]) => text)].join('\n'));
  return fault === undefined
    ? { kind: 'patched', result }
    : refused(mesh, `with the mesh and the other files: ${fault.message}`);
}

/** The files without the mesh's: those that the original and {@link patchFiles} write. */
export function restoreFiles(files: Files): Files {
  const isOurs = (name: string, text: string): boolean =>
    (name === ownFile || name === originalFile) && hasMarks(text);
  return Object.fromEntries(Object.entries(files).filter(([name, text]) => !isOurs(name, text)));
}
