// What a benchmark says: progress while it runs, a table at its end, and a file with everything.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

import { shown } from './figures.ts';

const folder = join(import.meta.dirname, '..', 'results');

/** Says what is being done, on standard error. */
export function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** A table in Markdown. Numbers are shown as {@link shown} does. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? shown(cell) : (cell ?? '–'))),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...cells.map(line)].join('\n');
}

/** What the figures were measured on, as far as the machine says. */
export interface Machine {
  readonly time: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the last minute when the benchmark began: above 0.5 somebody else was working too. */
  readonly load: number;
}

/** Describes the machine. To be called before anything is measured. */
export async function machine(): Promise<Machine> {
  const release = await readFile('/proc/sys/kernel/osrelease', 'utf8');
  return {
    time: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release.trim(),
    node: process.version,
    load: loadavg()[0] ?? Number.NaN,
  };
}

/** Writes `bench/results/NAME.json` and prints the tables. */
export async function report(
  name: string,
  result: { readonly machine: Machine; readonly tables: readonly string[]; readonly figures: unknown },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  const { tables, ...rest } = result;
  await writeFile(file, `${JSON.stringify(rest, undefined, 2)}\n`);
  process.stdout.write(`\n${tables.join('\n\n')}\n\n`);
  progress(`everything is in ${file}`);
}
