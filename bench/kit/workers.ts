// How many worker threads the Envoy of a mesh may have here: a limit on open files may leave no room for two.

import { readFile } from 'node:fs/promises';

/** Maesh's own default. */
const usualWorkers = 2;
/** Mesh ports come in blocks of this many, each a socket of every worker's. */
const blockSize = 256;
/** For connections, files and the rest. */
const spare = 1000;

/**
 * Workers for a mesh of so many services: 2, or 1 where the sockets of 2 would be more than a process may open. Each
 * worker has every listening socket once more: one for a service's own address, and one for its mesh port.
 */
export async function workersFor(services: number): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  const sockets = services + Math.ceil(services / blockSize) * blockSize;
  return limit !== undefined && sockets * usualWorkers + spare > Number(limit) ? 1 : usualWorkers;
}
