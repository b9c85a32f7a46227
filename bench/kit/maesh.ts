// The mesh under test: `maesh standalone` from this checkout, in a process of its own, as `npm run maesh` starts it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../test/kit/free-port.ts';
import { until } from '../../test/kit/until.ts';
import { heapFlags } from '../../src/cli/heap.ts';
import { meshRange } from './addresses.ts';
import type { HeapFigures, Moment } from './moments.ts';
import { childrenNamed } from './process-figures.ts';
import { TappedProcess } from './tapped-process.ts';
import type { World } from './world.ts';

/** How a mesh is started. */
export interface MaeshOptions {
  /** Envoy's worker threads; Maesh's own default by default. */
  readonly concurrency?: number;
  /** Wraps the program, such as `['taskset', '-c', '1']`. */
  readonly wrap?: readonly string[];
  /** Whether only those may call whom a TrafficTarget lets in; not so by default. */
  readonly isAccessControlled?: boolean;
  /** Its range of loopback addresses; {@link meshRange} by default. */
  readonly range?: string;
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
  readonly #process: TappedProcess;
  /** Where HTTP services are reached by Host. */
  readonly http: { readonly host: string; readonly port: number };
  /** Its range of loopback addresses. */
  readonly range: string;
  readonly #apiPort: number;
  readonly #stateDir: string;
  #isReady = false;

  private constructor(
    command: readonly [program: string, ...args: string[]],
    {
      ports,
      stateDir,
      range,
    }: {
      readonly ports: { readonly http: number; readonly api: number };
      readonly stateDir: string;
      readonly range: string;
    },
  ) {
    this.#process = new TappedProcess(command, {
      onOutput: (text) => {
        if (text.includes('The mesh is ready')) this.#isReady = true;
      },
    });
    this.http = { host: loopback, port: ports.http };
    this.range = range;
    this.#apiPort = ports.api;
    this.#stateDir = stateDir;
  }

  /** Starts a mesh for a folder of manifests. It does not serve yet: see {@link Maesh.ready}. */
  static async spawn({ dir, scratch }: World, options: MaeshOptions = {}): Promise<Maesh> {
    const stateDir = join(scratch, 'state');
    const ports = { http: await freePort(loopback), api: await freePort(loopback) };
    const { range = meshRange, isAccessControlled = false } = options;
    const flags: Readonly<Record<string, string | number | boolean>> = {
      dir,
      httpPort: ports.http,
      apiPort: ports.api,
      dnsPort: 0,
      stateDir,
      addressRange: range,
      acl: isAccessControlled,
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
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ];
    return new Maesh([program, ...args], { ports, stateDir, range });
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
    return this.#process.pid;
  }

  /** When the process was started. */
  get startedAt(): number {
    return this.#process.startedAt;
  }

  /** When a message was logged first. */
  loggedAt(message: string): number | undefined {
    return this.#process.logged.get(message)?.first;
  }

  /** Resolves when the mesh says that it serves. */
  async ready(): Promise<void> {
    await until(
      'maesh to be ready',
      () => {
        if (this.#process.hasEnded) throw new Error('maesh has ended');
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
  takeMoments(): Promise<readonly Moment[]> {
    return this.#process.takeMoments();
  }

  /** Memory of the controller after a garbage collection. */
  collect(): Promise<HeapFigures> {
    return this.#process.collect();
  }

  /** Reads from the API. */
  async api(path: string): Promise<string> {
    const response = await fetch(`http://${loopback}:${this.#apiPort}${path}`);
    return response.text();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
