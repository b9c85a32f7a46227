// Ports for processes that can't say which free one they took, or that have to come back to the one that they had.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { listen } from './backends/backend.ts';

/**
 * Where ports are taken from: below those that Linux gives to outgoing connections (32768 and up), one of which would
 * otherwise be on the port now and then while its owner starts again; and where no mesh of a test opens any.
 */
const first = 12_000;
const count = 3_000;

/** Processes begin anywhere, and each gives no port twice before it has given all. */
let next = Math.floor(Math.random() * count);

/** A port of an address that was free a moment ago, on TCP and UDP. */
export async function freePort(address: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = first + (next++ % count);
    try {
      await take(address, port);
      return port;
    } catch (error) {
      if (attempt === count) throw error;
    }
  }
}

async function take(address: string, port: number): Promise<void> {
  const { close } = await listen(createServer(), { name: '', address, port });
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    udp.bind(port, address);
    await once(udp, 'listening');
  } finally {
    udp.close();
    await close();
  }
}
