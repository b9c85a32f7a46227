// Keeps tests that need the same loopback addresses apart: those of two files, and of two checkouts on one machine.

import { createServer } from 'node:net';
import { listen } from './backends/backend.ts';
import { until } from './until.ts';

/** Waits until nobody else holds the lock of a proxy's address, and holds it until it is closed. */
export function lockRange(proxyAddress: string): Promise<{ close(): Promise<void> }> {
  const lock = { name: 'lock', address: proxyAddress, port: 18_999 };
  return until('other tests in the same address range to end', () => listen(createServer(), lock), 120_000);
}
