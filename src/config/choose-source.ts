// Which source a command's settings come from. Exactly one counts, as in the original: a configuration file if there is
// one, else flags if there are any, else the environment. They are never merged, so whatever a user could take for
// merged is said in a warning.

import { findConfigFile, readConfigFile, type ConfigFile, type Surroundings } from './config-file.ts';
import { findVariables, mistypedVariables, mixedPrefixes } from './environment.ts';
import type { Mistake } from './mistake.ts';
import { envName, flagName, type AnySettings } from './setting.ts';
import { searchesConfigFile, settings, type CommandName } from './settings.ts';

/** Texts that a source gives, by the name of the setting, in the order in which they were given. */
export type Texts = ReadonlyMap<string, readonly string[]>;

/** What the source that counts says. */
export interface Given {
  readonly texts: Texts;
  /** A setting with its value as the source spells it, for messages. */
  readonly spell: (name: string, texts: readonly string[]) => string;
  readonly warnings: readonly Mistake[];
  /** Path of the configuration file, where that is the source. */
  readonly configFile: string | undefined;
}

/** What flags are given and where the rest is looked for. */
export interface Asked {
  readonly flags: Texts;
  readonly surroundings: Surroundings;
}

/** Names of the settings that every source can give; the others are about one call and only flags. */
export function sharedNames(table: AnySettings): readonly string[] {
  return Object.keys(table).filter((name) => table[name]?.flagOnly !== true && name !== 'configFile');
}

/** `--logLevel loud`: how flags spell a setting. */
export function spellFlag(name: string, texts: readonly string[]): string {
  return `${flagName(name)} ${texts.join(',')}`.trimEnd();
}

/** Settings of all commands: a file or an environment is often shared by several. */
const allNames: readonly string[] = [...new Set(Object.values(settings).flatMap(sharedNames))];

/** Finds the source that counts for a command and reads it. */
export async function chooseSource(
  command: CommandName,
  asked: Asked,
): Promise<Given | { readonly mistakes: readonly Mistake[] }> {
  const file = await configFileFor(command, asked);
  if (file !== undefined) return 'mistakes' in file ? file : fromFile(command, asked, file);
  return flagsOf(command, asked).length > 0 ? fromFlags(command, asked) : fromEnvironment(command, asked);
}

async function configFileFor(
  command: CommandName,
  { flags, surroundings }: Asked,
): Promise<ConfigFile | { readonly mistakes: readonly Mistake[] } | undefined> {
  if (!('configFile' in settings[command])) return undefined;
  const named = flags.get('configFile')?.at(-1);
  // The variable counts as every variable does: where no flag is given.
  const isVariableRead = flagsOf(command, { flags, surroundings }).length === 0;
  const [variable] = isVariableRead ? findVariables(surroundings.env, ['configFile']) : [];
  const isSearched = searchesConfigFile(command);
  const path = named ?? variable?.value ?? (isSearched ? await findConfigFile(surroundings) : undefined);
  return path === undefined ? undefined : readConfigFile(path, allNames, surroundings.cwd);
}

function fromFile(command: CommandName, asked: Asked, { path, texts }: ConfigFile): Given {
  const ignored = [...flagsOf(command, asked), ...variablesOf(command, asked).map((each) => each.variable)];
  return {
    texts,
    spell: (name, values) => `${name}: ${values.join(',')} in ${path}`,
    warnings: ignoredWarnings(ignored, {
      why: `all settings come from the configuration file ${path}`,
      advice: 'set them there',
    }),
    configFile: path,
  };
}

function fromFlags(command: CommandName, asked: Asked): Given {
  const ignored = variablesOf(command, asked).map(({ variable }) => variable);
  return {
    texts: asked.flags,
    spell: spellFlag,
    warnings: ignoredWarnings(ignored, {
      why: `where flags are given, as ${flagsOf(command, asked).join(', ')}, no variable counts`,
      advice: 'give flags for them too',
    }),
    configFile: undefined,
  };
}

function fromEnvironment(
  command: CommandName,
  asked: Asked,
): Given | { readonly mistakes: readonly Mistake[] } {
  const { env } = asked.surroundings;
  const mixed = mixedPrefixes(findVariables(env, allNames));
  if (mixed !== undefined) return { mistakes: [mixed] };
  const variables = variablesOf(command, asked);
  return {
    texts: new Map(variables.map(({ name, value }) => [name, [value]])),
    spell: (name, values) => {
      const found = variables.find((each) => each.name === name);
      return `${found?.variable ?? envName(name)}=${values.join(',')}`;
    },
    warnings: mistypedVariables(env, [...allNames, 'configFile']),
    configFile: undefined,
  };
}

/** The flags by which the command is asked for settings, as they are spelled. */
function flagsOf(command: CommandName, { flags }: Asked): readonly string[] {
  return sharedNames(settings[command])
    .filter((name) => flags.has(name))
    .map(flagName);
}

function variablesOf(command: CommandName, { surroundings }: Asked): ReturnType<typeof findVariables> {
  return findVariables(surroundings.env, sharedNames(settings[command]));
}

function ignoredWarnings(
  ignored: readonly string[],
  reason: Pick<Mistake, 'why' | 'advice'>,
): readonly Mistake[] {
  return ignored.length === 0 ? [] : [{ what: `ignored ${ignored.join(', ')}`, ...reason }];
}
