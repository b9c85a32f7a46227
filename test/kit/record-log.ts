// A log that a test can read.

import type { Log, LogFields } from '../../src/runtime/log.ts';

/** One line of a {@link RecordLog}. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what is logged in memory. */
export class RecordLog implements Log {
  /** Every line so far, those of derived logs included. */
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }

  with(fields: LogFields): Log {
    return new RecordLog(this.lines, { ...this.#fields, ...fields });
  }

  #add(level: LogLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}
