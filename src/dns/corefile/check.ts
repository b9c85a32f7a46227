// Finds in a Corefile what CoreDNS would not load, as far as it shows without CoreDNS' plugins.

import { hasVariable, readAddress, type ServerAddress } from './server-address.ts';
import { hasPlugin, isFault, readCorefile, type CorefileFault, type ServerBlock } from './server-blocks.ts';

/** Plugins that may be there once in a server block, in every version that has them (they return plugin.ErrOnce). */
const once = [
  'cache',
  'dnssec',
  'errors',
  'grpc',
  'hosts',
  'kubernetes',
  'loop',
  'nsid',
  'pprof',
  'prometheus',
  'ready',
];

/**
 * The faults of a Corefile, in the order of their lines: what the newest CoreDNS refuses. What plugins say of their own
 * lines, and what files hold that are imported, isn't known.
 */
export function check(corefile: string): readonly CorefileFault[] {
  const read = readCorefile(corefile);
  if (isFault(read)) return [read];
  const faults = [
    ...read.blocks.flatMap(unreadableKeys),
    ...read.blocks.flatMap(repeatedPlugins),
    ...servedTwice(read.blocks),
  ];
  return faults.toSorted((a, b) => a.line - b.line);
}

function unreadableKeys({ keys, line }: ServerBlock): CorefileFault[] {
  const bad = keys.filter((key) => !hasVariable(key) && readAddress(key) === undefined);
  return bad.map((key) => ({ line, message: `${key} is no zone with a port` }));
}

function repeatedPlugins({ directives, line, keys }: ServerBlock): CorefileFault[] {
  const repeated = once.filter((name) => directives.filter(({ plugin }) => plugin === name).length > 1);
  return repeated.map((name) => ({
    line,
    message: `The plugin ${name} is there twice in ${keys.join(' ')}`,
  }));
}

/** Two server blocks may share a zone and a port only at different addresses, or if one is chosen by who asks. */
function servedTwice(blocks: readonly ServerBlock[]): CorefileFault[] {
  const bound = new Map<string, Set<string>>();
  const faults: CorefileFault[] = [];
  for (const block of blocks.filter((each) => !hasPlugin(each, 'view'))) {
    const bind = block.directives.filter(({ plugin }) => plugin === 'bind').flatMap(({ args }) => args);
    const addresses = bind.length === 0 ? [everywhere] : bind;
    const served = block.keys.filter((key) => !hasVariable(key)).map(readAddress);
    for (const key of served.filter((each): each is ServerAddress => each !== undefined).map(keyText)) {
      const others = bound.get(key) ?? new Set();
      bound.set(key, others);
      if (addresses.some((address) => clashes(address, others)))
        faults.push({ line: block.line, message: `${key} is served twice` });
      for (const address of addresses) others.add(address);
    }
  }
  return faults;
}

const everywhere = '';

function clashes(address: string, others: ReadonlySet<string>): boolean {
  return others.has(address) || others.has(everywhere) || (address === everywhere && others.size > 0);
}

function keyText({ transport, zone, port }: ServerAddress): string {
  return `${transport}://${zone}.:${port}`;
}
