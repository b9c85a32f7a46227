// Settings in a file: where one is looked for, and what it says. TOML or YAML, one key for each setting.

import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';

import type { Environment } from './environment.ts';
import type { Mistake } from './mistake.ts';
import { flagName, knownName } from './setting.ts';
import { similarWord } from './similar.ts';

/** What a process finds around it: passed in, so that tests can make their own. */
export interface Surroundings {
  readonly env: Environment;
  /** Working directory: an absolute path. */
  readonly cwd: string;
  /** Folder of the machine's configuration: `/etc`. */
  readonly etc: string;
  readonly hostname: string;
}

/** A file that was read. */
export interface ConfigFile {
  readonly path: string;
  /** What it says, by the name of the setting. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

const baseNames = ['maesh', 'traefik-mesh'];
const extensions = ['.toml', '.yaml', '.yml'];

/** Looks for a configuration file where the original does; undefined where there is none. */
export async function findConfigFile({ env, cwd, etc }: Surroundings): Promise<string | undefined> {
  const isSet = (folder: string | undefined): folder is string => folder !== undefined && folder !== '';
  for (const base of baseNames) {
    const folders = [
      join(etc, base),
      ...[env['XDG_CONFIG_HOME']].filter(isSet),
      ...[env['HOME']].filter(isSet).map((home) => join(home, '.config')),
      cwd,
    ];
    for (const folder of folders) {
      for (const extension of extensions) {
        const path = join(folder, base + extension);
        if (await isFile(path)) return path;
      }
    }
  }
  return undefined;
}

/**
 * Reads a configuration file, relative to the working directory.
 *
 * @param names every setting that a file may have, also those of other commands than the one that reads it.
 */
export async function readConfigFile(
  path: string,
  names: readonly string[],
  cwd: string,
): Promise<ConfigFile | { readonly mistakes: readonly Mistake[] }> {
  const what = `configuration file ${path}`;
  let document: unknown;
  try {
    document = await parseDocument(path, await readFile(resolve(cwd, path), 'utf8'));
  } catch (error) {
    const why = `it can't be read: ${firstLine(error)}`;
    return { mistakes: [{ what, why, advice: 'correct it, or name another file with --configFile' }] };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    const why = 'it holds no keys with values';
    return { mistakes: [{ what, why, advice: 'write one line for each setting, such as `httpPort: 8000`' }] };
  }
  return readKeys({ path, document, names });
}

interface Document {
  readonly path: string;
  readonly document: object;
  readonly names: readonly string[];
}

function readKeys({
  path,
  document,
  names,
}: Document): ConfigFile | { readonly mistakes: readonly Mistake[] } {
  const texts = new Map<string, readonly string[]>();
  const mistakes: Mistake[] = [];
  for (const [key, value] of Object.entries(document)) {
    const what = `${key} in ${path}`;
    const name = knownName(names, key);
    const read = valueTexts(value);
    if (name === undefined) {
      mistakes.push({ what, why: 'no setting has this name', advice: unknownKeyAdvice(key, names) });
    } else if (texts.has(name)) {
      mistakes.push({
        what,
        why: `it says ${name} once more`,
        advice: 'say it once; upper and lower case do not count',
      });
    } else if (read === undefined) {
      const advice = 'give a text, a number, true or false, or a list of these';
      mistakes.push({ what, why: 'its value is not one that a setting can have', advice });
    } else if (read.length > 0) texts.set(name, read);
  }
  return mistakes.length > 0 ? { mistakes } : { path, texts };
}

function unknownKeyAdvice(key: string, names: readonly string[]): string {
  // Somebody has a manifest called maesh.yaml, which is the name that is looked for.
  if (key === 'apiVersion' || key === 'kind') {
    return 'this looks like a Kubernetes manifest: rename it, or name your configuration file with --configFile';
  }
  const near = similarWord(key, names);
  return near === undefined
    ? 'keys are named as the flags that --help lists'
    : `did you mean ${near} (as ${flagName(near)})?`;
}

/** Texts of a value: as many as a list has, none for null; undefined for what is neither. */
function valueTexts(value: unknown): readonly string[] | undefined {
  if (value === null) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts: string[] = [];
  for (const each of values) {
    if (!['string', 'number', 'bigint', 'boolean'].includes(typeof each)) return undefined;
    texts.push(String(each));
  }
  return texts;
}

async function parseDocument(path: string, content: string): Promise<unknown> {
  const extension = extname(path).toLowerCase();
  // Loaded where a file is there: most calls of the command line have none.
  if (extension === '.toml') return (await import('smol-toml')).parse(content);
  if (extension === '.yaml' || extension === '.yml') {
    // `load` takes an empty document for a mistake; a file in which every line is commented out is none.
    const documents = (await import('js-yaml')).loadAll(content);
    if (documents.length > 1) throw new Error('it holds several documents');
    return documents[0] ?? {};
  }
  throw new Error(`its name ends in none of ${extensions.join(', ')}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Not there, or in a folder that this user can't look into: there is nothing for them to be read.
    return false;
  }
}

/** What an error says: parsers add an excerpt in further lines, and that of TOML keeps the place to itself. */
function firstLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line = error.message.split('\n')[0] ?? '';
  return 'line' in error && 'column' in error
    ? `${line} (${String(error.line)}:${String(error.column)})`
    : line;
}
