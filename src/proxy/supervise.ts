// Keeps an Envoy running: starts it, starts it again when it dies, and ends it when it is told to.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { makeFolder } from '../runtime/make-folder.ts';
import { sleep } from '../runtime/sleep.ts';
import { drainFlags } from './drain.ts';
import { envoyLogFlags, EnvoyLogReader, type EnvoyLogLevel } from './envoy-log.ts';
import { spawnTethered } from './tether.ts';

export interface SuperviseOptions {
  /** Envoy's executable, as {@link findEnvoy} finds it. */
  readonly binary: string;
  /**
   * Envoy's bootstrap configuration, in the JSON form of its message; asked for before each start, since a port that was free
   * before may be another program's by then.
   */
  readonly bootstrap: () => object | Promise<object>;
  /** Folder for the bootstrap file (`envoy-bootstrap.json`, written anew before each start); made if it is not there. */
  readonly workDir: string;
  /** Envoy's worker threads, at least 1. It gets fewer where it may not open as many sockets as they need. */
  readonly concurrency: number;
  readonly log: Log;
  /** What Envoy itself logs; `warning` by default. */
  readonly envoyLogLevel?: EnvoyLogLevel;
  /** Times the restarts; the machine's own by default. */
  readonly clock?: Clock;
  /** How long Envoy may take to end after SIGTERM before it is killed; 5 s by default. */
  readonly graceMs?: number;
  /** Called each time that Envoy has been started. */
  readonly onStart?: (pid: number) => void;
  /** Called each time that Envoy has ended, whoever ended it. */
  readonly onExit?: (exit: EnvoyExit) => void;
}

/** How an Envoy ended: with an exit code, or by a signal, or with neither because the system started no process. */
export interface EnvoyExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly livedMs: number;
  /** Its last errors, oldest first; empty if it said nothing. */
  readonly lastWords: readonly string[];
  /** Whether it may not open as many files and sockets as it would have to. */
  readonly lacksFiles: boolean;
}

/** A part of the program with a life of its own. */
export interface EnvoySupervisor {
  /**
   * Runs Envoy until the signal aborts, then ends it and resolves when it is gone. An Envoy that dies, or can't be
   * started at all, is started again after 100 ms, and twice that each further time up to 10 s, until one has lived for 30 s.
   * Rejects only if there is no bootstrap, or its file can't be written.
   */
  run(signal: AbortSignal): Promise<void>;
}

const firstDelayMs = 100;
const longestDelayMs = 10_000;
const healthyMs = 30_000;
const defaultGraceMs = 5_000;

/** Makes a supervisor; nothing happens before it is run. */
export function superviseEnvoy(options: SuperviseOptions): EnvoySupervisor {
  const { log, clock = systemClock } = options;
  return {
    async run(signal) {
      let failures = 0;
      let { concurrency } = options;
      while (!signal.aborted) {
        const exit = await liveOnce({ ...options, concurrency }, clock, signal);
        options.onExit?.(exit);
        if (signal.aborted) return;
        failures = exit.livedMs >= healthyMs ? 1 : failures + 1;
        const delayMs = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
        tellDeath(log, exit, failures, delayMs);
        if (exit.lacksFiles) concurrency = fewerWorkers(log, concurrency);
        await sleep(delayMs, { clock, signal });
      }
    },
  };
}

/** Starts Envoy and waits until it has ended and all that it said is read. */
async function liveOnce(options: SuperviseOptions, clock: Clock, signal: AbortSignal): Promise<EnvoyExit> {
  const config = await writeBootstrap(options);
  const reader = new EnvoyLogReader(options.log.with({ from: 'envoy' }));
  const started = clock.now();
  const { process: envoy, stderr } = spawnTethered(options.binary, envoyFlags(options, config));
  const lines = createInterface({ input: stderr });
  lines.on('line', (line) => reader.line(line));
  const ended = Promise.all([closed(envoy), once(lines, 'close')]);
  if (envoy.pid !== undefined) options.onStart?.(envoy.pid);
  const stop = (): void => end(envoy, clock, options.graceMs ?? defaultGraceMs);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  const [how] = await ended;
  signal.removeEventListener('abort', stop);
  const { code, signal: by, error } = how;
  const lastWords = error === undefined ? reader.lastWords : [error];
  return { code, signal: by, livedMs: clock.now() - started, lastWords, lacksFiles: reader.lacksFiles };
}

async function writeBootstrap({ workDir, bootstrap }: SuperviseOptions): Promise<string> {
  makeFolder(workDir);
  const file = resolve(workDir, 'envoy-bootstrap.json');
  await writeFile(file, JSON.stringify(await bootstrap()), { mode: 0o600 });
  return file;
}

function envoyFlags({ concurrency, envoyLogLevel = 'warning' }: SuperviseOptions, config: string): string[] {
  return [
    '-c',
    config,
    '--concurrency',
    String(concurrency),
    '--log-level',
    envoyLogLevel,
    ...envoyLogFlags,
    ...drainFlags,
    // Hot restart shares memory by a number of the machine, which would make two meshes on it clash.
    '--disable-hot-restart',
  ];
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it never was a process. */
  readonly error?: string;
}

/** Resolves when a process has ended and its output is at its end. */
function closed(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((settle) => {
    child.on('error', (error) => settle({ code: null, signal: null, error: error.message }));
    child.on('close', (code, signal) => settle({ code, signal }));
  });
}

/** Asks a process to end, and kills it if it hasn't when the grace is over. */
function end(child: ChildProcess, clock: Clock, graceMs: number): void {
  child.kill('SIGTERM');
  const timer = clock.after(graceMs, () => child.kill('SIGKILL'));
  child.on('exit', () => timer.cancel());
}

function tellDeath(log: Log, exit: EnvoyExit, failures: number, delayMs: number): void {
  const message = `Envoy ${howItEnded(exit)}; it is started again in ${delayMs} ms`;
  const fields = exit.lastWords.length === 0 ? {} : { lastWords: exit.lastWords.join('; ') };
  // Once is mended by the restart; more often is not mended by itself.
  if (failures === 1) log.warn(message, fields);
  else log.error(message, fields);
}

/** Each worker has a socket of its own for every address and port of the mesh. */
function fewerWorkers(log: Log, concurrency: number): number {
  const fewer = Math.max(1, Math.floor(concurrency / 2));
  const advice = 'Allow more open files (ulimit -n), or have fewer services in the mesh';
  log.error(
    fewer < concurrency
      ? 'Envoy may not open as many sockets as its workers need: it gets fewer workers'
      : 'Envoy may not open as many sockets as the mesh needs',
    { workers: fewer, advice },
  );
  return fewer;
}

function howItEnded({ code, signal, livedMs }: EnvoyExit): string {
  if (code === null && signal === null) return 'could not be started';
  return `ended ${signal === null ? `with code ${code}` : `by ${signal}`} after ${Math.round(livedMs)} ms`;
}
