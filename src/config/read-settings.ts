// A command's settings, typed and checked, out of the one source that counts.

import { chooseSource, spellFlag, type Asked, type Given } from './choose-source.ts';
import { orList, type Mistake } from './mistake.ts';
import { envName, flagName, type AnySettings } from './setting.ts';
import { settings, type CommandName, type CommandSettings } from './settings.ts';

/** What a command is to run with, or why it can't. Either way the warnings are worth showing. */
export type Reading<S> =
  | {
      readonly settings: S;
      readonly warnings: readonly Mistake[];
      /** The configuration file that everything comes from; undefined where that is not the source. */
      readonly configFile: string | undefined;
    }
  | { readonly mistakes: readonly Mistake[]; readonly warnings: readonly Mistake[] };

/**
 * Reads the settings of a command. Every mistake is told, not only the first. Warnings tell of settings that were
 * given but do not count, of deprecated ones, and of variables that look mistyped.
 */
export async function readSettings<C extends CommandName>(
  command: C,
  asked: Asked,
): Promise<Reading<CommandSettings[C]>> {
  const given = await chooseSource(command, asked);
  if ('mistakes' in given) return { mistakes: given.mistakes, warnings: [] };
  const { values, mistakes, warnings } = readTable(settings[command], given, asked);
  if (mistakes.length > 0) return { mistakes, warnings };
  // The table has the very keys of the command's settings, each with a kind that reads its type: see SettingTable.
  return { settings: values as unknown as CommandSettings[C], warnings, configFile: given.configFile };
}

/** Reads every setting of a table; those that were not given get their default. */
export function readTable(
  table: AnySettings,
  given: Given,
  { flags }: Pick<Asked, 'flags'>,
): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
} {
  const values: Record<string, unknown> = {};
  const mistakes: Mistake[] = [];
  const warnings = [...given.warnings];
  for (const [name, setting] of Object.entries(table)) {
    const isFlag = setting.flagOnly === true || name === 'configFile';
    const texts = isFlag ? flags.get(name) : given.texts.get(name);
    values[name] = setting.default;
    if (texts === undefined) {
      if (setting.required === true) mistakes.push(missing(name, given));
      continue;
    }
    const what = (isFlag ? spellFlag : given.spell)(name, setting.secret === true ? ['…'] : texts);
    const read = setting.kind.read(texts);
    if ('why' in read) mistakes.push({ what, ...read });
    else values[name] = read.value;
    if (setting.deprecated !== undefined) {
      warnings.push({ what, why: 'this setting is deprecated', advice: setting.deprecated });
    }
  }
  return { values, mistakes, warnings };
}

function missing(name: string, { configFile, texts }: Given): Mistake {
  const what = `no ${flagName(name)}`;
  if (configFile !== undefined) {
    const why = `it is needed, and the configuration file ${configFile}, from which all settings come, has no ${name}`;
    return { what, why, advice: 'add it there' };
  }
  const ways = orList([flagName(name), envName(name), `${name} in a configuration file`]);
  const where = texts.size > 0 ? ', where the other settings are' : '';
  return { what, why: 'it is needed', advice: `give ${ways}${where}` };
}
