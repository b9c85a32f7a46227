// Finds the server blocks of a Corefile that answer the names of the cluster.

import type { ClusterServer } from './mesh-block.ts';
import { hasVariable, isInZone, normalZone, readAddress, type ServerAddress } from './server-address.ts';
import { hasPlugin, type Corefile, type ServerBlock } from './server-blocks.ts';

/** Plugins that decide by who asks: what a block with one answers its clients, it may not answer itself. */
const selective = ['acl', 'view'];

/** One for each port on which names of the cluster are answered; or why there is none. */
export function findServers(corefile: Corefile, clusterDomain: string): readonly ClusterServer[] | string {
  const domain = normalZone(clusterDomain);
  const blocks = corefile.blocks.filter((block) => answersCluster(block, domain));
  if (blocks.length === 0) return `no server block has the plugin kubernetes for ${clusterDomain}`;
  const plugin = selective.find((name) => blocks.some((block) => hasPlugin(block, name)));
  if (plugin !== undefined)
    return `its server block for ${clusterDomain} decides by who asks (plugin ${plugin})`;
  const servers = blocks.flatMap((block) => {
    const bind = block.directives.filter((each) => each.plugin === 'bind').flatMap(({ args }) => args);
    return portsFor(block, domain).map((port): ClusterServer => ({ port, bind }));
  });
  if (servers.length === 0) return `no server block for ${clusterDomain} speaks plain DNS on a known port`;
  const unknown = servers.flatMap(({ bind }) => bind).find((word) => !isAddress(word));
  if (unknown !== undefined)
    return `its server block for ${clusterDomain} listens on ${unknown}, which is no IP address`;
  return servers;
}

/** The ports on which a block answers plain queries for names of a zone. */
export function portsFor({ keys }: ServerBlock, zone: string): number[] {
  const addresses = keys.map(readAddress).filter((each): each is ServerAddress => each !== undefined);
  const fitting = addresses.filter((each) => each.transport === 'dns' && isInZone(zone, each.zone));
  return [...new Set(fitting.map(({ port }) => port))];
}

function answersCluster({ keys, directives }: ServerBlock, domain: string): boolean {
  const kubernetes = directives.find(({ plugin }) => plugin === 'kubernetes');
  if (kubernetes === undefined) return false;
  const zones =
    kubernetes.args.length > 0 ? kubernetes.args : keys.map((key) => readAddress(key)?.zone ?? key);
  // A variable may well stand for the domain of the cluster.
  return zones.some((zone) => normalZone(zone) === domain || hasVariable(zone));
}

function isAddress(word: string): boolean {
  return /^(?:\d+(?:\.\d+){3}|[\da-f.]*:[\da-f:.]*)$/i.test(word);
}
