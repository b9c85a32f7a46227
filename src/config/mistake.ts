// A mistake in how Maesh was called or configured, as data: what, why and what to do, in one line.

/** Something about a command line, a variable or a configuration file that needs the user's attention. */
export interface Mistake {
  /** What is at fault, as the user wrote it: `--logLevel loud`. */
  readonly what: string;
  /** What is wrong with it, without a full stop: `not a level`. */
  readonly why: string;
  /** What to do about it, without a full stop. */
  readonly advice: string;
}

/** `what; why; what to do`: the one form in which Maesh says that something is wrong with its own settings. */
export function mistakeText({ what, why, advice }: Mistake): string {
  return `${what}; ${why}; ${advice}`;
}

/** The words as people read a choice: `a, b or c`. */
export function orList(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
