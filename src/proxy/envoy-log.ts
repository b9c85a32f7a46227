// Turns what Envoy writes to standard error into lines of our log.

import type { Log } from '../runtime/log.ts';

/** Envoy's own levels, as its flag --log-level takes them. */
export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';

/** Flags that make Envoy write one line an event: level, component, message with its control characters escaped. */
export const envoyLogFlags: readonly string[] = ['--log-format', '%l|%n|%v', '--log-format-escaped'];

// Envoy tells at its level info what Maesh's users would look for at debug: each listener, each extension.
const levels: Readonly<Record<string, 'error' | 'warn' | 'debug'>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'debug',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

/** What Envoy says when it is asked to end; that it leaves the controller then is not worth a warning either. */
const ending = 'caught ENVOY_SIGTERM';

// Warnings that tell users nothing: that Maesh has chosen a field which Envoy's API may still change (udp_proxy's only
// other way to name a cluster is deprecated, and warned of too), and that callers' connections are not limited, which
// nobody asked for.
const ofNoUse =
  / is marked as work-in-progress\.|^There is no configured limit to the number of allowed active downstream/;

/** What the system says where a process has opened as many files and sockets as it may; Envoy can't bear it. */
const noMoreFiles = 'Too many open files';

const keptWords = 3;

/** Reads Envoy's log line by line. One reader reads the log of one process. */
export class EnvoyLogReader {
  readonly #log: Log;
  #lastWords: string[] = [];
  #isEnding = false;
  #lacksFiles = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The last few errors, oldest first: why Envoy ended, if it said so. */
  get lastWords(): readonly string[] {
    return this.#lastWords;
  }

  /** Whether it has said that it may open no more files and sockets. */
  get lacksFiles(): boolean {
    return this.#lacksFiles;
  }

  /** Takes one line without its line feed. */
  line(text: string): void {
    const [, level, component, escaped] = /^(\w+)\|([^|]*)\|(.*)$/.exec(text) ?? [];
    const ours = levels[level ?? ''];
    const message = unescape(escaped ?? '');
    this.#isEnding ||= message === ending;
    this.#lacksFiles ||= message.includes(noMoreFiles);
    if (ours === undefined) this.#unformatted(text);
    else this.#tell(this.#isQuiet(ours, message) ? 'debug' : ours, message, component);
  }

  #isQuiet(level: 'error' | 'warn' | 'debug', message: string): boolean {
    return level === 'warn' && (this.#isEnding || ofNoUse.test(message));
  }

  /** What is written around the log: by the shell or the loader if Envoy can't start, by Envoy to repeat why it ends. */
  #unformatted(text: string): void {
    const known = text.trim() === '' || this.#lastWords.some((words) => words.includes(text.trim()));
    if (!known) this.#tell('error', text, undefined);
  }

  #tell(level: 'error' | 'warn' | 'debug', message: string, component: string | undefined): void {
    this.#log[level](message, component === undefined ? {} : { component });
    if (level === 'error') this.#lastWords = [...this.#lastWords, message].slice(-keptWords);
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Undoes C-style escaping, in which every byte beyond ASCII is three octal digits. */
function unescape(text: string): string {
  const bytes = text.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCodePoint(Number.parseInt(code, 8)) : (escapes[code] ?? code),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
