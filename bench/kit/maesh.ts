// The mesh under test: `maesh standalone` from this checkout, in a process of its own, as `npm run maesh` starts it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { freePort } from '../../test/kit/free-port.ts';
import { until } from '../../test/kit/until.ts';
import { heapFlags } from '../../tools/heap-flags.mjs';
import { meshRange } from './addresses.ts';
import type { Answer, HeapFigures, Moment, Question } from './moments.ts';
import { now } from './now.ts';
import { childrenNamed } from './process-figures.ts';
import type { World } from './world.ts';

/** How a mesh is started. */
export interface MaeshOptions {
  /** Envoy's worker threads; Maesh's own default by default. */
  readonly concurrency?: number;
  /** Wraps the program, such as `['taskset', '-c', '1']`. */
  readonly wrap?: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const loopback = '127.0.0.1';

/** The part of Envoy's bootstrap that says where its admin interface is. */
interface Bootstrap {
  readonly admin: {
    readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
  };
}

/** A running mesh; ended when disposed of. */
export class Maesh implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Where HTTP services are reached by Host. */
  readonly http: { readonly host: string; readonly port: number };
  readonly #apiPort: number;
  readonly #stateDir: string;
  /** When the process was started. */
  readonly startedAt: number;
  /** When each message was logged first, by its text. */
  readonly logged: Map<string, number> = new Map();
  #isReady = false;
  #waiting: ((answer: Answer) => void) | undefined;

  private constructor(
    child: ChildProcess,
    {
      ports,
      stateDir,
    }: { readonly ports: { readonly http: number; readonly api: number }; readonly stateDir: string },
  ) {
    this.startedAt = now();
    this.#child = child;
    this.http = { host: loopback, port: ports.http };
    this.#apiPort = ports.api;
    this.#stateDir = stateDir;
    child.on('message', (answer: Answer) => this.#waiting?.(answer));
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => this.#line(line));
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('The mesh is ready')) this.#isReady = true;
    });
  }

  /** Starts a mesh for a folder of manifests. It does not serve yet: see {@link Maesh.ready}. */
  static async spawn({ dir, scratch }: World, options: MaeshOptions = {}): Promise<Maesh> {
    const stateDir = join(scratch, 'state');
    const ports = { http: await freePort(loopback), api: await freePort(loopback) };
    const flags: Readonly<Record<string, string | number>> = {
      dir,
      httpPort: ports.http,
      apiPort: ports.api,
      dnsPort: 0,
      stateDir,
      addressRange: meshRange,
      logFormat: 'json',
      ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    };
    const [program = '', ...args] = [
      ...(options.wrap ?? []),
      process.execPath,
      ...heapFlags,
      '--import',
      join(import.meta.dirname, 'taps.ts'),
      join(root, 'src', 'cli', 'main.ts'),
      'standalone',
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ];
    return new Maesh(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }), { ports, stateDir });
  }

  /** Starts a mesh and resolves when it serves. */
  static async start(world: World, options: MaeshOptions = {}): Promise<Maesh> {
    const maesh = await Maesh.spawn(world, options);
    try {
      await maesh.ready();
    } catch (error) {
      await maesh[Symbol.asyncDispose]();
      throw error;
    }
    return maesh;
  }

  /** Id of the controller's process. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('maesh could not be started');
    return this.#child.pid;
  }

  /** Resolves when the mesh says that it serves. */
  async ready(): Promise<void> {
    await until(
      'maesh to be ready',
      () => {
        if (this.#hasEnded) throw new Error('maesh has ended');
        return this.#isReady || undefined;
      },
      60_000,
    );
  }

  /** Id of its Envoy's process. */
  async envoyPid(): Promise<number> {
    const [envoy] = await childrenNamed(this.pid, 'envoy');
    if (envoy === undefined) throw new Error('maesh runs no Envoy');
    return envoy;
  }

  /** What its Envoy says that it has allocated, in MiB. */
  async envoyAllocatedMib(): Promise<number> {
    const bootstrap = JSON.parse(
      await readFile(join(this.#stateDir, 'envoy', 'envoy-bootstrap.json'), 'utf8'),
    ) as Bootstrap;
    const { address, port_value: port } = bootstrap.admin.address.socket_address;
    const response = await fetch(`http://${address}:${port}/memory`);
    const { allocated } = (await response.json()) as { readonly allocated: string };
    return Number(allocated) / 2 ** 20;
  }

  /** What has happened in the controller since the last time. */
  async takeMoments(): Promise<readonly Moment[]> {
    const answer = await this.#ask('take');
    return answer.to === 'take' ? answer.moments : [];
  }

  /** Memory of the controller after a garbage collection. */
  async collect(): Promise<HeapFigures> {
    const answer = await this.#ask('collect');
    if (answer.to !== 'collect') throw new Error(`The controller answers ${answer.to} to collect`);
    return answer.heap;
  }

  /** Reads from the API. */
  async api(path: string): Promise<string> {
    const response = await fetch(`http://${loopback}:${this.#apiPort}${path}`);
    return response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    const end = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await end;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #ask(question: Question): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => (this.#waiting = resolve));
    this.#child.send(question);
    return answer;
  }

  #line(line: string): void {
    const at = now();
    try {
      const { level, msg } = JSON.parse(line) as { readonly level: string; readonly msg: string };
      if (!this.logged.has(msg)) this.logged.set(msg, at);
      if (level !== 'info') process.stderr.write(`${line}\n`);
    } catch {
      // What Node itself says when it can't run a program.
      process.stderr.write(`${line}\n`);
    }
  }
}
