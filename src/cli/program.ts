// The command line: finds the command, reads its flags, and helps whoever mistypes one. Commander does the work; this
// file tells it of the commands and of the one table of settings.

import { Command, CommanderError, Option, type Help } from 'commander';

import type { Texts } from '../config/choose-source.ts';
import { mistakeText } from '../config/mistake.ts';
import { canonicalFlags } from '../config/flags.ts';
import { envName, flagName, type AnySettings, type Setting } from '../config/setting.ts';
import { settings, type SubcommandName } from '../config/settings.ts';
import { commandNames, commands } from './command-list.ts';
import type { Terminal } from './output.ts';
import { usageMistake } from './usage.ts';

/** Calls a command with the texts of its flags; resolves with the exit code. */
export type CallCommand = (name: SubcommandName, flags: Texts) => Promise<number>;

/**
 * Runs a command line, without the program's own name.
 *
 * @returns the exit code: that of the command, 0 where help was asked for, 1 where nothing could be called.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  call: CallCommand,
): Promise<number> {
  let exitCode = 0;
  const program = configured(new Command('maesh'), terminal)
    .description('The simpler service mesh for Kubernetes, and for a folder of manifests.')
    .usage('<command> [flags]')
    // Its only flag is told of below.
    .configureHelp({ ...helpStyle(terminal), visibleOptions: () => [] })
    .helpCommand('help [command]', 'show the help of a command');
  for (const name of commandNames) {
    const command = commandFor(name, terminal).action(async (options: Record<string, string[]>) => {
      exitCode = await call(name, new Map(Object.entries(options)));
    });
    program.addCommand(command);
  }
  program.addHelpText('after', "\n`maesh <command> --help` tells of a command's flags.");
  try {
    await program.parseAsync(canonicalArgs(args), { from: 'user' });
  } catch (error) {
    // Commander has said everything already: help that was asked for, or what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    throw error;
  }
  return exitCode;
}

/** Flags are rewritten to the form that commander knows, by the table of the command that they belong to. */
function canonicalArgs(args: readonly string[]): readonly string[] {
  const [first = '', ...rest] = args;
  if (first === '--version' || first === '-version') return ['version', ...rest];
  const name = commandNames.find((each) => each === first);
  if (name !== undefined) return [first, ...canonicalFlags(rest, settings[name])];
  return canonicalFlags(args, {});
}

function commandFor(name: SubcommandName, terminal: Terminal): Command {
  const { summary, description, examples } = commands[name];
  const command = configured(new Command(name), terminal)
    .summary(summary)
    .description(description)
    .usage('[flags]');
  const table: AnySettings = settings[name];
  for (const [setting, definition] of Object.entries(table)) {
    command.addOption(optionFor(setting, definition));
  }
  const lines = examples.map(([call, effect]) => `  # ${effect}\n  ${call}\n`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}${sourcesText(table)}`);
}

function sourcesText(table: AnySettings): string {
  if (!Object.hasOwn(table, 'configFile')) return '';
  return (
    '\nSettings come from one place alone: a configuration file if there is one, else\n' +
    'flags if there are any, else the environment (MAESH_…). They are never merged.\n'
  );
}

function optionFor(name: string, setting: Setting<unknown>): Option {
  const { placeholder } = setting.kind;
  const value = placeholder === undefined ? '[true|false]' : `<${placeholder}>`;
  const short = setting.short === undefined ? '' : `-${setting.short}, `;
  return new Option(`${short}${flagName(name)} ${value}`, optionText(name, setting))
    .helpGroup(`${setting.group}:`)
    .argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
}

function optionText(name: string, setting: Setting<unknown>): string {
  const notes: string[] = [];
  if (setting.deprecated !== undefined) notes.push(`deprecated: ${setting.deprecated}`);
  if (setting.required === true) notes.push('needed');
  else {
    const shown = setting.defaultText ?? setting.kind.show(setting.default);
    if (setting.deprecated === undefined) notes.push(`default: ${shown}`);
  }
  if (setting.flagOnly !== true) notes.push(envName(name));
  return `${setting.doc} (${notes.join('; ')})`;
}

/** What all commands have in common: how they look, and that they neither print nor end the process themselves. */
function configured(command: Command, terminal: Terminal): Command {
  return command
    .exitOverride()
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('General:'))
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      outputError: (text, write) => write(`maesh: ${mistakeText(usageMistake(text, command))}\n`),
    })
    .configureHelp(helpStyle(terminal));
}

function helpStyle({ out }: Terminal): Partial<Help> {
  return {
    styleTitle: (text) => out.paint('bold', text),
    // A switch takes a value behind `=`, but nobody needs to be told so.
    optionTerm: (option) => option.flags.replace(' [true|false]', ''),
    subcommandTerm: (command) => command.name(),
  };
}
