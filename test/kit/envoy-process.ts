// A real Envoy as a process of a test: started with any bootstrap, ended with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { sendHttp } from './clients/http.ts';
import { until } from './until.ts';

/** A running Envoy; killed, with its files, when disposed of. */
export interface EnvoyProcess extends AsyncDisposable {
  readonly pid: number;
  /** Reads from the admin interface, such as `/stats?filter=upstream`. */
  readonly admin: (path: string) => Promise<string>;
  /** What it has logged: warnings and errors. */
  readonly log: () => string;
}

/**
 * Starts an Envoy with two workers, with the bootstrap's admin interface on any free port of 127.0.0.1. Resolves when
 * it serves, which is when it has been told everything; rejects with its log if it ends before, and after 15 s (`withinMs`).
 */
export async function startEnvoyProcess(bootstrap: object, withinMs?: number): Promise<EnvoyProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'maesh-envoy-'));
  const config = join(folder, 'bootstrap.json');
  const adminFile = join(folder, 'admin');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  await writeFile(config, JSON.stringify({ ...bootstrap, admin }));
  const { path } = await findEnvoy({ log: silentLog });
  const args = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--concurrency',
    '2',
    '--disable-hot-restart',
  ];
  const child = spawn(path, [...args, '--log-level', 'warning'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const envoy: EnvoyProcess = {
    pid: child.pid ?? 0,
    admin: async (what) => adminRequest(await readFile(adminFile, 'utf8'), what),
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      await kill(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    const isReady = async (): Promise<'ended' | 'ready' | undefined> => {
      if (hasEnded(child)) return 'ended';
      return (await envoy.admin('/ready')) === 'LIVE\n' ? 'ready' : undefined;
    };
    const outcome = await until('Envoy to be ready', isReady, withinMs);
    if (outcome === 'ended') throw new Error(`Envoy ended: ${log}`);
  } catch (error) {
    await envoy[Symbol.asyncDispose]();
    throw error;
  }
  return envoy;
}

async function adminRequest(address: string, path: string): Promise<string> {
  const { hostname, port } = new URL(`http://${address.trim()}`);
  return (await sendHttp({ address: hostname, port: Number(port), path, timeoutMs: 20_000 })).body;
}

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
