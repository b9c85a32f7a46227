// What a command of the command line is: the contract between the program, which reads its settings, and its work.

import type { Mistake } from '../config/mistake.ts';
import type { Surroundings } from '../config/config-file.ts';
import type { CommandName, CommandSettings } from '../config/settings.ts';
import type { Terminal } from './output.ts';

/** What a command finds around it. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly surroundings: Surroundings;
  /** The configuration file that the settings come from; undefined where it is none. */
  readonly configFile: string | undefined;
}

/** Does the work of a command; resolves with the exit code. Rejects for what nobody expects and for what carries advice. */
export type RunCommand<C extends CommandName> = (
  settings: CommandSettings[C],
  context: CommandContext,
) => Promise<number>;

/** A command as help shows it. Its work is loaded only when it is called, so that help is there at once. */
export interface Command<C extends CommandName> {
  /** One line, for the list of commands; that of `maesh` without a command says what Maesh is. */
  readonly summary: string;
  /** Paragraphs for its own help. */
  readonly description: string;
  /** Calls worth copying, each with what it does. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
  readonly load: () => Promise<{ readonly run: RunCommand<C> }>;
}

/** An end of a command that it can explain; what it says is all that the user gets to see. */
export class CommandError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ what, why }) => `${what}; ${why}`).join('; '));
    this.name = 'CommandError';
    this.mistakes = mistakes;
  }
}
