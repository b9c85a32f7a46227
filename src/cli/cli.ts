// One call of the command line: from arguments to the exit code, with every failure told in one line.

import type { Surroundings } from '../config/config-file.ts';
import { mistakeText, type Mistake } from '../config/mistake.ts';
import { readSettings } from '../config/read-settings.ts';
import type { CommandName, CommandSettings } from '../config/settings.ts';
import type { Texts } from '../config/choose-source.ts';
import { AccessError } from '../kube/access-error.ts';
import { KubeError } from '../kube/kube-error.ts';
import { MissingPathError } from '../source/file/missing-path-error.ts';
import { CommandError, type Command, type CommandContext } from './command.ts';
import { commands } from './command-list.ts';
import type { Terminal } from './output.ts';
import { runProgram } from './program.ts';

/** What a call finds around it. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly surroundings: Surroundings;
}

/** Runs a command line; resolves with the exit code and never rejects. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const { terminal } = context;
  try {
    return await runProgram(args, terminal, (name, flags) => callCommand(name, flags, context));
  } catch (error) {
    showFailure(error, terminal, 'quiet');
    return 1;
  }
}

// oxlint-disable-next-line no-unnecessary-type-parameters -- it ties the settings to the command that takes them
async function callCommand<C extends CommandName>(
  name: C,
  flags: Texts,
  { terminal, surroundings }: CliContext,
): Promise<number> {
  const reading = await readSettings(name, { flags, surroundings });
  for (const warning of reading.warnings) {
    terminal.err.write(`maesh: ${terminal.err.paint('yellow', 'warning')}: ${mistakeText(warning)}\n`);
  }
  if ('mistakes' in reading) {
    showMistakes(reading.mistakes, terminal);
    return 1;
  }
  const { settings, configFile } = reading;
  const command: Command<C> = commands[name];
  try {
    const { run } = await command.load();
    return await run(settings, { terminal, surroundings, configFile } satisfies CommandContext);
  } catch (error) {
    showFailure(error, terminal, isDebugging(settings) ? 'debug' : 'quiet');
    return 1;
  }
}

function isDebugging(settings: CommandSettings[CommandName]): boolean {
  if ('debug' in settings && settings.debug) return true;
  return 'logLevel' in settings && (settings.logLevel === 'debug' || settings.logLevel === 'trace');
}

function showMistakes(mistakes: readonly Mistake[], { err }: Terminal): void {
  for (const mistake of mistakes) err.write(`maesh: ${mistakeText(mistake)}\n`);
}

/** Says why a command failed: in one line, or one for each mistake; with the stack where somebody is debugging. */
export function showFailure(error: unknown, terminal: Terminal, detail: 'debug' | 'quiet'): void {
  if (error instanceof CommandError) showMistakes(error.mistakes, terminal);
  else if (error instanceof MissingPathError) showMistakes([missingPaths(error)], terminal);
  else terminal.err.write(`maesh: ${failureText(error)}\n`);
  if (detail === 'debug' && error instanceof Error) terminal.err.write(`${error.stack ?? ''}\n`);
}

function missingPaths({ paths }: MissingPathError): Mistake {
  return {
    what: paths.join(', '),
    why: 'there is no such file or folder',
    advice: 'name some that are there',
  };
}

/** One line. Errors of Maesh's own parts (code `MAESH_…`) say what can be done; any other nobody has expected. */
function failureText(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
  if (!(error instanceof Error)) return message;
  if ('advice' in error && typeof error.advice === 'string') {
    return `${message}; ${error.advice.charAt(0).toLowerCase()}${error.advice.slice(1)}`;
  }
  const hasCode = 'code' in error && String(error.code).startsWith('MAESH_');
  if (hasCode || error instanceof AccessError || error instanceof KubeError) return message;
  return `${message}; nobody expected this; run it again with --logLevel debug to see where it comes from`;
}
