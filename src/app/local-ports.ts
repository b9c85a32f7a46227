// What this machine lets us open: free ports, and how low a port may be.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { ListenError, type ListenTarget } from '../serve/listen-error.ts';

/** CAP_NET_BIND_SERVICE, by its bit (capabilities(7)): the right to open ports that are kept for the system. */
const bindServiceBit = 10n;

/** Linux keeps the ports below this for the system unless it is told otherwise. */
const usualFirstPort = 1024;

/**
 * Opens a TCP port and closes it again, for somebody else to open.
 *
 * @returns its number; port 0 takes any free one.
 * @throws ListenError where it can't be opened.
 */
export async function probePort(target: ListenTarget): Promise<number> {
  const server = createServer();
  try {
    server.listen(target.port, target.host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    throw ListenError.from(error, target);
  } finally {
    server.close();
  }
}

/** The lowest port that this process, and one that it starts, may open. */
export async function firstLocalPort(): Promise<number> {
  return firstPortOf({
    status: await textOf('/proc/self/status'),
    setting: await textOf('/proc/sys/net/ipv4/ip_unprivileged_port_start'),
  });
}

/** The same from what Linux says: of the process (proc_pid_status(5)), and of where its own ports end (ip(7)). */
export function firstPortOf({
  status,
  setting,
}: {
  readonly status: string;
  readonly setting: string;
}): number {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (capabilities !== undefined && (BigInt(`0x${capabilities}`) >> bindServiceBit) & 1n) return 1;
  const first = Number.parseInt(setting, 10);
  return Number.isNaN(first) ? usualFirstPort : Math.max(1, first);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Not there: the usual limits hold.
    return '';
  }
}
