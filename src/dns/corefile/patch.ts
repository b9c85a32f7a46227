// Puts the mesh into a Corefile, and takes it out.

import { check } from './check.ts';
import { findServers } from './find-servers.ts';
import { appendMarked, marked, withoutMarked } from './marks.ts';
import { meshBlock } from './mesh-block.ts';
import type { MeshDns, Patch } from './mesh-dns.ts';
import { relayBlocks } from './relay-block.ts';
import { isFault, readCorefile } from './server-blocks.ts';

/**
 * A Corefile that answers mesh names too: CoreDNS' of a cluster, or one that passes the names of the cluster on to that
 * (NodeLocal DNS). What was ours or the original's is replaced. What comes out is the same however often it is done, and
 * would be loaded by CoreDNS 1.3 and later.
 */
export function patchCorefile(corefile: string, mesh: MeshDns): Patch<string> {
  const own = withoutMarked(corefile);
  const block = meshBlocksFor(own, mesh);
  if (block.kind === 'refused') return block;
  const result = appendMarked(own, marked(block.result));
  const [fault] = check(result);
  return fault === undefined
    ? { kind: 'patched', result }
    : refused(mesh, `line ${fault.line} of it with the mesh: ${fault.message}`);
}

/** A Corefile without the mesh: byte for byte what {@link patchCorefile} was given, if that had no block of a mesh. */
export function restoreCorefile(corefile: string): string {
  return withoutMarked(corefile);
}

/** The server blocks that a Corefile, in which there are none of a mesh, needs for mesh names. */
export function meshBlocksFor(corefile: string, mesh: MeshDns): Patch<string> {
  const read = readCorefile(corefile);
  if (isFault(read)) return refused(mesh, `CoreDNS would not load it: line ${read.line}: ${read.message}`);
  if (read.blocks.some(({ isOpen }) => isOpen))
    return refused(mesh, 'its last server block is not in braces');
  const relays = relayBlocks(corefile, read, mesh);
  if (relays.length > 0) return { kind: 'patched', result: relays.join('') };
  const servers = findServers(read, mesh.clusterDomain);
  if (typeof servers === 'string') return refused(mesh, servers);
  return { kind: 'patched', result: servers.map((server) => meshBlock(mesh, server)).join('') };
}

/** Why a Corefile stays as it is, with the usual block for somebody to put in. */
export function refused(mesh: MeshDns, reason: string): Extract<Patch<never>, { kind: 'refused' }> {
  return { kind: 'refused', reason, byHand: marked(meshBlock(mesh, { port: 53, bind: [] })) };
}
