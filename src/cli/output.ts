// What commands print, and where to: results on standard output, everything else on standard error. Colours appear on
// a terminal only and not where NO_COLOR is set; a reader that has gone away is no error.

import { stripVTControlCharacters, styleText } from 'node:util';

/** Formats of `styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** A stream that commands print to. */
export interface Output {
  /** Whether people see it as it is written. */
  readonly isTerminal: boolean;
  write(text: string): void;
  /** The text in a style, or as it is where the stream shall have no colours. */
  paint(style: Style, text: string): string;
}

/** Where a command prints. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
}

/** The terminal of this process, which ends where what it prints can't be written: half of it must not pass for all. */
export function processTerminal(): Terminal {
  const onFailure = ({ message }: Error): void => {
    process.stderr.write(`maesh: cannot write what is printed; ${message}; look at where it goes\n`);
    process.exit(1);
  };
  return {
    out: streamOutput(process.stdout, onFailure),
    err: streamOutput(process.stderr, onFailure),
  };
}

/**
 * Prints to a stream until its reader goes away, as `head` does: what comes then is dropped and the command goes on.
 *
 * @param onFailure - told of every other failure of the stream.
 */
export function streamOutput(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): Output {
  let isOpen = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isOpen = false;
    if (error.code !== 'EPIPE') onFailure(error);
  });
  return {
    isTerminal: stream.isTTY,
    write(text) {
      if (isOpen) stream.write(text);
    },
    paint: (style, text) => styleText(style, text, { stream }),
  };
}

/** Rows as lines of aligned columns, two blanks apart; the last column is as wide as it likes. Colours take no room. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, shownWidth(cell));
    }
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - shownWidth(cell)),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

function shownWidth(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
