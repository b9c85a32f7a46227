// The command line: finds the command, reads its flags, and helps whoever mistypes one. Commander does the work; this
// file tells it of the commands and of the one table of settings.

import { Command, CommanderError, Option, type Help } from 'commander';

import type { Texts } from '../config/choose-source.ts';
import { mistakeText } from '../config/mistake.ts';
import { canonicalFlags } from '../config/flags.ts';
import { envName, flagName, type AnySettings, type Setting } from '../config/setting.ts';
import { settings, type CommandName } from '../config/settings.ts';
import { commands, subcommandNames } from './command-list.ts';
import type { Terminal } from './output.ts';
import { usageMistake } from './usage.ts';

/** Calls a command with the texts of its flags; resolves with the exit code. */
export type CallCommand = (name: CommandName, flags: Texts) => Promise<number>;

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
  const calls = (name: CommandName) => async (options: Record<string, string[]>) => {
    exitCode = await call(name, new Map(Object.entries(options)));
  };
  const program = rootProgram(terminal);
  for (const name of subcommandNames) {
    const command = configured(new Command(name), terminal).summary(commands[name].summary).usage('[flags]');
    program.addCommand(withHelpOf(name, command, commands[name].description).action(calls(name)));
  }
  // A word in the first place is meant for a command. Commander says so only where the program does nothing by itself.
  const [first = '-'] = args;
  if (first.startsWith('-')) program.action(calls('controller'));
  try {
    await program.parseAsync(canonicalArgs(args), { from: 'user' });
  } catch (error) {
    // Commander has said everything already: help that was asked for, or what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    throw error;
  }
  return exitCode;
}

/** `maesh` itself: the flags of the controller, without the commands. */
function rootProgram(terminal: Terminal): Command {
  const { summary, description } = commands.controller;
  const program = configured(new Command('maesh'), terminal)
    .usage('[flags]\n       maesh <command> [flags]')
    // Behind a command its own flags count, whatever flags `maesh` has by the same name.
    .enablePositionalOptions()
    .hook('preSubcommand', (root, command) => refuseFlagsBefore(root, command.name()))
    .helpCommand('help [command]', 'show the help of a command');
  return withHelpOf('controller', program, `${summary}\n\n${description}`).addHelpText(
    'after',
    "`maesh <command> --help` tells of a command's flags.",
  );
}

/** They would be taken for the controller's, and lost. */
function refuseFlagsBefore(program: Command, command: string): void {
  if (Object.keys(program.opts()).length > 0) program.error(`error: flags before command '${command}'`);
}

/** Flags are rewritten to the form that commander knows, by the table of the command that they belong to. */
function canonicalArgs(args: readonly string[]): readonly string[] {
  const [first = '', ...rest] = args;
  if (first === '--version' || first === '-version') return ['version', ...rest];
  const [word = '-'] = rest;
  // Where there is no such command, commander would show the help of all without a word.
  const isUnknown = !['help', ...subcommandNames].includes(word) && !word.startsWith('-');
  if (first === 'help' && isUnknown) return [word];
  const name = subcommandNames.find((each) => each === first);
  if (name !== undefined) return [first, ...canonicalFlags(rest, settings[name])];
  return canonicalFlags(args, settings.controller);
}

/** Tells a command's own flags, and what its help says besides. */
function withHelpOf(name: CommandName, command: Command, description: string): Command {
  const table: AnySettings = settings[name];
  for (const [setting, definition] of Object.entries(table)) {
    command.addOption(optionFor(setting, definition));
  }
  const lines = commands[name].examples.map(([call, effect]) => `  # ${effect}\n  ${call}\n`);
  return command
    .description(description)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}${sourcesText(table)}`);
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
