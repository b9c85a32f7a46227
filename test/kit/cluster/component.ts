// One process of a control plane: started so that it can't outlive the test, with a log whose end is shown when
// something fails.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { spawnTethered } from '../../../src/proxy/tether.ts';

export interface ComponentOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The file that takes what it says, after what is there. */
  readonly logFile: string;
}

const tailLines = 15;
const readyMs = 60_000;
const graceMs = 20_000;

/** A running process. */
export class Component {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  #hasEnded = false;
  readonly #kill: (signal: 'SIGTERM' | 'SIGKILL') => void;

  constructor({ name, program, args, logFile }: ComponentOptions) {
    // The log doesn't go through this process, whose event loop may be busy with a test.
    const script = 'log=$1; shift; exec "$@" >>"$log" 2>&1';
    const { process: child } = spawnTethered('sh', ['-c', script, 'sh', logFile, program, ...args]);
    if (child.pid === undefined) throw new Error(`${name} could not be started`);
    this.name = name;
    this.pid = child.pid;
    this.logFile = logFile;
    this.ended = this.#endOf(child);
    this.#kill = (signal) => child.kill(signal);
  }

  async #endOf(child: ChildProcess): Promise<void> {
    await once(child, 'close');
    this.#hasEnded = true;
  }

  /** Kills it and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end, and kills it if it hasn't after 20 s. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /**
   * Resolves when a condition holds; what it throws counts as no. Rejects with the end of the log if the process ends
   * before, or after a minute.
   */
  async ready(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + readyMs;
    let reason: unknown;
    for (;;) {
      if (this.#hasEnded) throw new Error(`${this.name} has ended.${await this.logTail()}`);
      try {
        if (await condition()) return;
        reason = undefined;
      } catch (error) {
        reason = error;
      }
      if (performance.now() > deadline) {
        const message = `${this.name} is not ready after ${readyMs / 1000} s.${await this.logTail()}`;
        throw new Error(message, { cause: reason });
      }
      await delay(25);
    }
  }

  /** The last lines of the log, under its name, to be shown behind a sentence. */
  async logTail(): Promise<string> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    return `\nThe end of ${this.logFile}:\n${text.trimEnd().split('\n').slice(-tailLines).join('\n')}`;
  }
}
