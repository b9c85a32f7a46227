// The network of a cluster's nodes: a bridge on the host, and for each node a network namespace that is joined to it.
// The host knows the way to pods and services. Nodes know no way out, so nothing of a test leaves the machine.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { addressIn, partOf, type Slot } from './slot.ts';

const run = promisify(execFile);

/** Where a node is on the network. */
export interface NodePlace {
  readonly name: string;
  /** Its namespace; a file of that name is in /run/netns. */
  readonly namespace: string;
  readonly address: string;
  /** The addresses of its pods. */
  readonly pods: string;
}

/** The host's own address on the bridge. */
export function hostAddress({ ranges }: Slot): string {
  return addressIn(ranges.nodes, 1);
}

/** Makes the bridge and the namespaces of nodes, named after them. */
export async function makeNetwork(slot: Slot, nodes: readonly string[]): Promise<readonly NodePlace[]> {
  const { bridge, ranges } = slot;
  const host = hostAddress(slot);
  const places = nodes.map((name, index) => ({
    name,
    namespace: `${bridge}-${name}`,
    address: addressIn(ranges.nodes, 11 + index),
    pods: partOf(ranges.pods, 1 + index),
  }));
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', `${host}/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  for (const [index, { namespace, address, pods }] of places.entries()) {
    const inside = (...args: readonly string[]): Promise<void> => ip('-netns', namespace, ...args);
    const plug = `${bridge}-${index}`;
    await ip('netns', 'add', namespace);
    await ip('link', 'add', plug, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', plug, 'master', bridge, 'up');
    await inside('link', 'set', 'lo', 'up');
    await inside('addr', 'add', `${address}/24`, 'dev', 'eth0');
    await inside('link', 'set', 'eth0', 'up');
    // Any way will do: kube-proxy has rewritten the address before it is taken.
    await inside('route', 'add', ranges.services, 'via', host);
    for (const other of places)
      if (other.pods !== pods) await inside('route', 'add', other.pods, 'via', other.address);
    await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    await ip('route', 'add', pods, 'via', address);
  }
  const [first] = places;
  if (first !== undefined) await ip('route', 'add', ranges.services, 'via', first.address);
  return places;
}

/** Takes down what {@link makeNetwork} made in a slot, now or in a process that was killed. */
export async function removeNetwork({ bridge }: Slot): Promise<void> {
  const { stdout } = await run('ip', ['-json', 'netns', 'list']);
  const namespaces = JSON.parse(stdout || '[]') as readonly { readonly name: string }[];
  for (const { name } of namespaces) if (name.startsWith(`${bridge}-`)) await ip('netns', 'delete', name);
  const links = await run('ip', ['-json', 'link', 'show', 'type', 'bridge']);
  const bridges = JSON.parse(links.stdout || '[]') as readonly { readonly ifname: string }[];
  if (bridges.some(({ ifname }) => ifname === bridge)) await ip('link', 'delete', bridge);
}

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args);
}
