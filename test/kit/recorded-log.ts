// A log that tests can read.

import type { Log, LogFields } from '../../src/runtime/log.ts';

/** A line of the log, with the fields that its log carried. */
export interface RecordedLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields;
}

export interface RecordedLog {
  readonly log: Log;
  readonly lines: readonly RecordedLine[];
  /** Resolves with the first line, past or to come, whose message matches. */
  line(message: RegExp): Promise<RecordedLine>;
}

/** Makes a log that remembers its lines. */
export function recordedLog(): RecordedLog {
  const lines: RecordedLine[] = [];
  const waiting = new Set<() => void>();
  const at =
    (level: RecordedLine['level'], own: LogFields) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields: { ...own, ...fields } });
      for (const look of waiting) look();
    };
  const logWith = (own: LogFields): Log => ({
    error: at('error', own),
    warn: at('warn', own),
    info: at('info', own),
    debug: at('debug', own),
    with: (more) => logWith({ ...own, ...more }),
  });
  return {
    log: logWith({}),
    lines,
    line: (message) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = lines.find((line) => message.test(line.message));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
