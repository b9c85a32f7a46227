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
const slices = 30;
/** Ports of a slice. The first is its lock. */
const sliceSize = 100;

/**
 * Where this process takes its ports from. No other does as long as it lives: a port that is free on one address is not
 * for a listener on all of them, as a controller's is, while another test has it on an address of its own.
 */
let slice: Promise<number> | undefined;
let taken = 0;

/** A port of an address that was free a moment ago, on TCP and UDP; no other process takes it, and this one not soon. */
export async function freePort(address: string): Promise<number> {
  slice ??= claimSlice();
  const start = await slice;
  for (let attempt = 1; ; attempt++) {
    const port = start + 1 + (taken++ % (sliceSize - 1));
    try {
      await take(address, port);
      return port;
    } catch (error) {
      if (attempt === sliceSize - 1) throw error;
    }
  }
}

/** The first port of a slice that is no other process's. */
async function claimSlice(): Promise<number> {
  for (let start = first; start < first + slices * sliceSize; start += sliceSize) {
    const lock = createServer().listen(start, '0.0.0.0').unref();
    try {
      await once(lock, 'listening');
      return start;
    } catch {
      // Another process's.
    }
  }
  throw new Error(`All ports from ${first} are taken: ${slices} processes of tests at once?`);
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
