// A program under test in a process of its own, with taps: what it logs, when, and how it is asked for its moments.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { Answer, HeapFigures, Moment, Question } from './moments.ts';
import { now } from './now.ts';

/** When a message was logged, and how often. */
export interface Logged {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** A running process that logs JSON to standard error; ended when disposed of. */
export class TappedProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** When it was started. */
  readonly startedAt: number;
  /** Its messages, by their text. */
  readonly logged: Map<string, Logged> = new Map();
  /** Who waits for an answer, in the order in which they asked. */
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(
    command: readonly [program: string, ...args: string[]],
    options: { readonly onOutput?: (text: string) => void } = {},
  ) {
    const [program, ...args] = command;
    this.startedAt = now();
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const { stdout, stderr } = this.#child;
    this.#child.on('message', (answer: Answer) => this.#waiting.shift()?.(answer));
    if (stderr !== null) createInterface({ input: stderr }).on('line', (line) => this.#line(line));
    stdout?.on('data', (text: Buffer) => options.onOutput?.(text.toString()));
  }

  /** Id of the process. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('maesh could not be started');
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.end !== undefined;
  }

  /** Its exit code, or the signal that ended it; undefined while it runs. */
  get end(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? (exitCode === null ? undefined : String(exitCode));
  }

  /** What has happened in it since the last time. */
  async takeMoments(): Promise<readonly Moment[]> {
    const answer = await this.#ask('take');
    return answer.to === 'take' ? answer.moments : [];
  }

  /** Its memory after a garbage collection. */
  async collect(): Promise<HeapFigures> {
    const answer = await this.#ask('collect');
    if (answer.to !== 'collect') throw new Error(`The process answers ${answer.to} to collect`);
    return answer.heap;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    const end = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await end;
  }

  #ask(question: Question): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#child.send(question, (error) => {
        if (error !== null) reject(new Error(`It has ended: ${this.end}`, { cause: error }));
      });
    });
  }

  #line(line: string): void {
    const at = now();
    try {
      const { level, msg } = JSON.parse(line) as { readonly level: string; readonly msg: string };
      const { first = at, count = 0 } = this.logged.get(msg) ?? {};
      this.logged.set(msg, { first, last: at, count: count + 1 });
      if (level !== 'info') process.stderr.write(`${line}\n`);
    } catch {
      // What Node itself says when it can't run a program.
      process.stderr.write(`${line}\n`);
    }
  }
}
