// What is said about a command line that commander refuses. Its own messages are read here, and nowhere else.

import type { Command } from 'commander';

import type { Mistake } from '../config/mistake.ts';

type Reason = Pick<Mistake, 'what' | 'why'>;

/** Commander's messages, and what is wrong where it says so. */
const reasons: readonly (readonly [message: RegExp, reason: (written: string) => Reason])[] = [
  [/^unknown option '(.*)'$/, (what) => ({ what, why: 'there is no such flag' })],
  [/^flags before command '(.*)'$/, (what) => ({ what, why: 'a command stands before all flags' })],
  [/^unknown command '(.*)'$/, (what) => ({ what, why: 'there is no such command' })],
  [/^option '(.*)' argument missing$/, (what) => ({ what, why: 'its value is missing' })],
  [/^too many arguments.* but got \d+: (.*)\.$/, (what) => ({ what, why: 'only flags are taken here' })],
];

/** Reads commander's `error: …`, with its `(Did you mean …?)` in a second line. */
export function usageMistake(text: string, command: Command): Mistake {
  const [message = '', hint = ''] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const reason = reasonFor(message);
  const isPath = reason.why === 'only flags are taken here' && hasFlag(command, '--dir');
  return { ...reason, advice: isPath ? 'put -f before each path' : advice(hint, command) };
}

function reasonFor(message: string): Reason {
  for (const [pattern, reason] of reasons) {
    const written = pattern.exec(message)?.[1];
    if (written !== undefined) return reason(written);
  }
  return { what: message, why: 'the command line does not make sense' };
}

function advice(hint: string, command: Command): string {
  const similar = /^\(Did you mean (.+)\?\)$/.exec(hint)?.[1];
  const path = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  return `${similar === undefined ? '' : `did you mean ${similar}? `}see \`${path} --help\``;
}

function hasFlag({ options }: Command, flag: string): boolean {
  return options.some(({ long }) => long === flag);
}
