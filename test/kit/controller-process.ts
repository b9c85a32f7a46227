// A controller of a cluster's mesh in a process of its own, which can be killed at any moment.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { spawnTethered } from '../../src/proxy/tether.ts';
import type { ControllerSettings } from './controllers.ts';

const program = join(import.meta.dirname, 'controller-child.ts');

/** What tests want of a controller in a process of its own. Its name is that of its pod too. */
export interface ProcessGiven extends ControllerSettings {
  /** Address on which proxies open mesh ports. */
  readonly proxyAddress: string;
}

/** A controller that is starting or running; killed when disposed of. */
export class ControllerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #apiPort: number;
  #log = '';

  constructor(given: ProcessGiven) {
    const { process: child, stderr } = spawnTethered(process.execPath, [program, JSON.stringify(given)]);
    stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#child = child;
    this.#ended = once(child, 'close');
    this.#apiPort = given.apiPort;
  }

  /** All that it has logged. */
  get log(): string {
    return this.#log;
  }

  /** Whether proxies are told what to serve. @throws with its log where it has ended. */
  isReady(): boolean {
    if (this.#child.exitCode !== null) throw new Error(`The controller has ended: ${this.#log}`);
    return this.#log.includes('The mesh is ready');
  }

  /** Gets a path of its API, as JSON. */
  async get(path: string): Promise<unknown> {
    return await (await fetch(`http://127.0.0.1:${this.#apiPort}${path}`)).json();
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
