// The log of a running program, written by pino: levels, formats and where lines go.

import { pino, type DestinationStream, type Logger } from 'pino';

import type { Log, LogFields } from './log.ts';
import { logText, type Colouring, type LogLine } from './log-text.ts';

/** Names that `--logLevel` takes, as the original's, from the quietest to the most talkative. */
export const logLevels = ['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Names that `--logFormat` takes. */
export const logFormats = ['common', 'json'] as const;

export type LogFormat = (typeof logFormats)[number];

/** Where lines go. Standard error is one; a test's array is another. */
export interface LogDestination {
  /** Takes one whole line with its line feed, at once. */
  write(line: string): void;
  readonly isTTY?: boolean;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Standard error by default, written synchronously: the last line before the process ends is not lost. */
  readonly destination?: LogDestination;
  /** Environment in which `NO_COLOR` and `TERM=dumb` forbid colours; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Levels of the original that pino calls otherwise. */
const pinoLevels: Readonly<Partial<Record<LogLevel, string>>> = { warning: 'warn', panic: 'fatal' };

/**
 * The level that a text names, in any case, as the original reads it; undefined where it names none, which is a
 * mistake in the settings. Nothing is ever logged as `panic` or `fatal`: they silence the log.
 */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.toLowerCase();
  return logLevels.find((level) => level === name);
}

/**
 * Makes the log of a program. Every line has `time`, `level` and `msg`, then the fields; a field of one of these three
 * names becomes `fields.<name>`. An error among the fields is shown by its message and those of its causes; at levels
 * debug and trace its stack follows, as field `<name>Stack`. Colours are used on a terminal only, in format `common`.
 */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: pinoLevels[options.level] ?? options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // logrus writes `warning` where pino says `warn`.
      formatters: { level: (label) => ({ level: label === 'warn' ? 'warning' : label }) },
    },
    stream(options),
  );
  return new PinoLog(logger, {});
}

function stream(options: LogOptions): DestinationStream {
  const destination = options.destination ?? standardError();
  if (options.format === 'json') return destination;
  const colouring = colouringFor(destination, options.env ?? process.env);
  return {
    write(json: string): void {
      // Pino's output is the one place where its fields are all known; a line costs a few microseconds more so.
      destination.write(logText(JSON.parse(json) as LogLine & Record<string, unknown>, colouring));
    },
  };
}

function standardError(): LogDestination {
  const sonic = pino.destination({ dest: 2, sync: true });
  return { write: (line) => void sonic.write(line), isTTY: process.stderr.isTTY };
}

function colouringFor(
  destination: LogDestination,
  env: Readonly<Record<string, string | undefined>>,
): Colouring {
  const isForbidden = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return destination.isTTY === true && !isForbidden ? 'coloured' : 'plain';
}

class PinoLog implements Log {
  readonly #logger: Logger;
  readonly #fields: LogFields;

  /** Keeps the fields here and not in a child of the logger, which would write a name twice that both give. */
  constructor(logger: Logger, fields: LogFields) {
    this.#logger = logger;
    this.#fields = fields;
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  with(fields: LogFields): Log {
    return new PinoLog(this.#logger, { ...this.#fields, ...this.#shown(fields) });
  }

  #write(level: 'error' | 'warn' | 'info' | 'debug', message: string, fields: LogFields = {}): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level]({ ...this.#fields, ...this.#shown(fields) }, message);
  }

  #shown(fields: LogFields): Record<string, unknown> {
    const shown: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(fields)) {
      const name = field === 'time' || field === 'level' || field === 'msg' ? `fields.${field}` : field;
      shown[name] = withoutErrors(value);
      if (value instanceof Error && this.#logger.isLevelEnabled('debug')) shown[`${name}Stack`] = value.stack;
    }
    return shown;
  }
}

/** Replaces errors, which JSON shows as `{}`, by what they say. */
function withoutErrors(value: unknown): unknown {
  if (value instanceof Error) return errorText(value);
  return Array.isArray(value) ? value.map(withoutErrors) : value;
}

const maxCauses = 5;

function errorText(error: Error): string {
  const messages: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && messages.length < maxCauses) {
    // Some of Node's errors (a connection refused on every address) have no message but a code.
    messages.push(next.message || ('code' in next ? String(next.code) : next.name));
    next = next.cause;
  }
  return messages.join(': ');
}
