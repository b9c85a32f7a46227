// Which sockets of this machine listen, as Linux knows them.

import { readFile } from 'node:fs/promises';

/** A socket that takes connections (TCP) or datagrams (UDP). */
export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

const listenState = '0A';
/** Of a UDP socket that is not connected. */
const boundState = '07';

/** Every IPv4 socket that listens. */
export async function listeningSockets(): Promise<readonly ListeningSocket[]> {
  const [tcp, udp] = await Promise.all([sockets('tcp', listenState), sockets('udp', boundState)]);
  return [...tcp, ...udp];
}

async function sockets(protocol: 'tcp' | 'udp', state: string): Promise<readonly ListeningSocket[]> {
  const [, ...lines] = (await readFile(`/proc/net/${protocol}`, 'utf8')).trimEnd().split('\n');
  return lines.flatMap((line) => {
    const [, local = '', , lineState] = line.trim().split(/\s+/);
    if (lineState !== state) return [];
    const [address = '', port = ''] = local.split(':');
    // The address stands there as the number that it is in memory, its last part first.
    const parts = (address.match(/../g) ?? []).toReversed().map((part) => Number.parseInt(part, 16));
    return [{ protocol, address: parts.join('.'), port: Number.parseInt(port, 16) }];
  });
}
