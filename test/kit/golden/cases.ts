// The golden cases: where they are, and how what came of them is compared with what is on record.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChanges } from '../folder.ts';
import { goldenText, type Plain } from './plain.ts';
import type { FilesStep, Traffic } from './traffic-format.ts';
import { readTraffic } from './traffic-read.ts';

const root = join(import.meta.dirname, '..', '..', 'golden');

/** A folder of test/golden. */
export interface GoldenCase {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Text of input.yaml. */
  readonly input: string;
  /** Undefined where the case has no traffic. */
  readonly traffic: Traffic | undefined;
  /** Whether the mesh controls access: where the name begins with `access`. */
  readonly isAccessControlled: boolean;
}

/** Every golden case, sorted by name. */
export async function readCases(): Promise<readonly GoldenCase[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(names.toSorted().map(readCase));
}

/** A golden case by its name. */
export async function readCase(name: string): Promise<GoldenCase> {
  const folder = join(root, name);
  const trafficPath = join(folder, 'traffic.yaml');
  return {
    name,
    folder,
    input: await readFile(join(folder, 'input.yaml'), 'utf8'),
    isAccessControlled: name.startsWith('access'),
    traffic: existsSync(trafficPath) ? await readTraffic(trafficPath) : undefined,
  };
}

/** The changes that a step makes to the folder, with the texts of the case's files. */
export async function caseFiles(folder: string, files: FilesStep['files']): Promise<FileChanges> {
  const texts = Object.entries(files).map(async ([name, from]) => [
    name,
    from === null ? null : await readFile(join(folder, from), 'utf8'),
  ]);
  return Object.fromEntries(await Promise.all(texts)) as FileChanges;
}

/**
 * Compares a result with the golden file of that name in the case's folder. With `UPDATE_GOLDEN` in the environment
 * the file is written instead.
 */
export async function matchGolden(
  golden: Pick<GoldenCase, 'name' | 'folder'>,
  file: string,
  result: Plain,
): Promise<void> {
  const path = join(golden.folder, file);
  const text = goldenText(result);
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    await writeFile(path, text);
    return;
  }
  const onRecord = existsSync(path) ? await readFile(path, 'utf8') : '';
  if (text !== onRecord) assert.fail(differenceText(`${golden.name}/${file}`, { onRecord, text }));
}

/** Where two texts begin to differ. Both are long: all of it is better read in git, after an update. */
function differenceText(
  what: string,
  { onRecord, text }: { readonly onRecord: string; readonly text: string },
): string {
  const before = onRecord.split('\n');
  const after = text.split('\n');
  const at = after.findIndex((line, index) => line !== before[index]);
  const first = at === -1 ? after.length : at;
  const around = (lines: readonly string[]): string =>
    lines.slice(Math.max(0, first - 5), first + 5).join('\n');
  return [
    `${what} differs from line ${first + 1} on. On record is:`,
    around(before),
    '\nThe result is:',
    around(after),
    '\nIf that is as it should be: the same test with UPDATE_GOLDEN=1 in the environment',
  ].join('\n');
}
