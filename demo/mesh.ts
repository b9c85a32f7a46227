// The mesh of the demo: `maesh standalone` as a user would start it, in a process of its own.

import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeJson } from '../src/serve/http/api-types.ts';

/** A running mesh. */
export interface DemoMesh {
  readonly process: ChildProcess;
  /** Flags that it was started with. */
  readonly flags: readonly string[];
  readonly httpPort: number;
  readonly dnsPort: number;
  readonly apiPort: number;
}

/** First start of Envoy after boot reads 100 MB from disk. */
const startTimeoutMs = 60_000;

/**
 * Starts a mesh for a folder of manifests and resolves when its proxy serves.
 * Rejects where it ends before that, or does not serve in a minute.
 */
export async function startMesh(dir: string, options: { readonly anyPorts: boolean }): Promise<DemoMesh> {
  const wish = (port: number): number => (options.anyPorts ? 0 : port);
  const httpPort = await freePort(wish(8000));
  const dnsPort = await freePort(wish(5353));
  const apiPort = await freePort(wish(9000));
  const flags = [
    '--dir',
    dir,
    '--httpPort',
    `${httpPort}`,
    '--dnsPort',
    `${dnsPort}`,
    '--apiPort',
    `${apiPort}`,
  ];
  const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
  const child = spawn(
    process.execPath,
    [main, 'standalone', ...flags, '--stateDir', join(dir, '.state'), '--logLevel', 'warning'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await serving(child, apiPort);
  return { process: child, flags, httpPort, dnsPort, apiPort };
}

/** Ends a mesh, and its Envoy with it. */
export async function stopMesh({ process: child }: DemoMesh): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function serving(child: ChildProcess, apiPort: number): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`maesh ended with code ${child.exitCode} before it served`);
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    if (await isServing(apiPort)) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause(20);
  }
  child.kill('SIGTERM');
  throw new Error(`the mesh did not serve within ${startTimeoutMs / 1000} s`);
}

async function isServing(apiPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${apiPort}/api/status/nodes`);
    const nodes = (await response.json()) as NodeJson[];
    return nodes.some(({ Ready }) => Ready);
  } catch {
    // Not listening yet.
    return false;
  }
}

/** The port that is wished for, where it is free on TCP and UDP, else any that is. */
async function freePort(wished: number): Promise<number> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(wished, '127.0.0.1');
    await once(tcp, 'listening');
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    udp.bind(address.port, '127.0.0.1');
    await once(udp, 'listening');
    return address.port;
  } catch (error) {
    if (wished === 0) throw error;
    return freePort(0);
  } finally {
    tcp.close();
    udp.close();
  }
}
