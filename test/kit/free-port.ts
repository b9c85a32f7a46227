// Ports for processes that can't say which free one they took.

import { createServer } from 'node:net';
import { listen } from './backends/backend.ts';

/**
 * A TCP port of an address that was free a moment ago. On a loopback address that nobody else uses it still is, since
 * the kernel hands out ports for outgoing connections elsewhere.
 */
export async function freePort(address: string): Promise<number> {
  const { port, close } = await listen(createServer(), { name: '', address });
  await close();
  return port;
}
