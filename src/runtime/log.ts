// Structured logs: one line an event, readable (`common`) or for machines (`json`), on standard error.

/** Fields of a log line: what a filter would search for, not prose. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a part of Maesh says what happens. Messages are whole sentences without a full stop; what varies is in fields.
 * `error` needs somebody to act, `warn` may, `info` is a milestone of normal operation, `debug` is for developers.
 */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A log whose lines carry these fields too. */
  with(fields: LogFields): Log;
}

/** A log that drops everything. */
export const silentLog: Log = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  with: () => silentLog,
};
