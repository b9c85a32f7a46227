// The server block that hands mesh names on to the cluster's DNS, in a Corefile that hands the names of the cluster on to
// it: NodeLocal DNS, which would ask the world for mesh names otherwise.

import { portsFor } from './find-servers.ts';
import { serverBlock } from './mesh-block.ts';
import type { MeshDns } from './mesh-dns.ts';
import { normalZone, readAddress } from './server-address.ts';
import { hasPlugin, type Corefile, type Directive, type ServerBlock } from './server-blocks.ts';

/** Plugins whose lines are taken over. The others belong to the process and not to a zone (`health`, `reload` …). */
const takenOver = new Set(['errors', 'log', 'cache', 'bind', 'prometheus', 'forward']);

/**
 * Blocks for the mesh's domains that do with a query what the block for the cluster's domain does, from the same words.
 * None where no block is for that domain, knows nothing of it itself and hands everything on.
 *
 * @param text what was read as the Corefile.
 */
export function relayBlocks(text: string, corefile: Corefile, mesh: MeshDns): string[] {
  const domain = normalZone(mesh.clusterDomain);
  return corefile.blocks
    .filter((block) => isRelay(block, domain))
    .flatMap((block) => {
      const lines = block.directives
        .filter(({ plugin }) => takenOver.has(plugin))
        .map(({ start, end }) => text.slice(start, end));
      return portsFor(block, domain).map((port) => serverBlock(mesh, { port, lines }));
    });
}

function isRelay(block: ServerBlock, domain: string): boolean {
  const isForDomain = block.keys.some((key) => readAddress(key)?.zone === domain);
  return isForDomain && !hasPlugin(block, 'kubernetes') && block.directives.some(forwardsAll);
}

function forwardsAll({ plugin, args }: Directive): boolean {
  return plugin === 'forward' && args[0] === '.';
}
