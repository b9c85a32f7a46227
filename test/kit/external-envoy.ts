// An Envoy that the test starts itself, with what `maesh bootstrap` prints: it goes on when its controller is killed.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { sendHttp, type Dial } from './clients/http.ts';
import { freePort } from './free-port.ts';
import { runMaesh } from './run-maesh.ts';

/** A running Envoy. */
export class ExternalEnvoy implements AsyncDisposable {
  readonly admin: Dial;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, admin: Dial, folder: string) {
    this.#process = process;
    this.admin = admin;
    this.#folder = folder;
  }

  /** Starts an Envoy that asks for its configuration on this port of the loopback address. */
  static async start(xdsPort: number): Promise<ExternalEnvoy> {
    const admin = { address: '127.0.0.1', port: await freePort('127.0.0.1') };
    const flags = ['--nodeId', 'external', '--xdsPort', String(xdsPort), '--adminPort', String(admin.port)];
    const { code, stdout, stderr } = await runMaesh(['bootstrap', ...flags, '--output', 'json']);
    if (code !== 0) throw new Error(stderr);
    const folder = await mkdtemp(join(tmpdir(), 'maesh-external-'));
    const file = join(folder, 'bootstrap.json');
    await writeFile(file, stdout);
    const { path } = await findEnvoy({ log: silentLog });
    const args = ['-c', file, '--concurrency', '2', '--disable-hot-restart', '--log-level', 'error'];
    return new ExternalEnvoy(spawn(path, args, { stdio: 'ignore' }), admin, folder);
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('Envoy could not be started');
    return pid;
  }

  /** Its counters and gauges, by name. */
  async stats(): Promise<ReadonlyMap<string, number>> {
    const { body } = await sendHttp({ ...this.admin, path: '/stats', timeoutMs: 20_000 });
    return new Map(
      body
        .split('\n')
        .map((line) => line.split(': '))
        .map(([name = '', value = '']) => [name, Number(value)]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exit;
    }
    await rm(this.#folder, { recursive: true });
  }
}
