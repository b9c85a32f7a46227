// Flags as the original takes them, rewritten into the one form that the command-line parser takes: `--name=value`.

import { knownName, type AnySettings } from './setting.ts';

/**
 * Rewrites the arguments of a command: names in any case, with one dash or two, with the value behind `=` or in the
 * next argument, and switches without a value. What is no flag, and everything behind `--`, stays as it is; so does a
 * flag that nobody knows (with two dashes), for the parser to complain about.
 */
export function canonicalFlags(args: readonly string[], settings: AnySettings): readonly string[] {
  const canonical: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--') return [...canonical, ...args.slice(index)];
    const [, written, value] = /^--?([a-z][\w-]*)(?:=(.*))?$/is.exec(arg) ?? [];
    if (written === undefined) {
      canonical.push(arg);
      continue;
    }
    const name = settingName(written, settings);
    const flag = `--${name ?? written}`;
    const next = args[index + 1];
    if (value !== undefined) canonical.push(`${flag}=${value}`);
    else if (name === undefined || name === 'help') canonical.push(flag);
    else if (settings[name]?.kind.placeholder === undefined) canonical.push(`${flag}=true`);
    else if (next === undefined) canonical.push(flag);
    else {
      canonical.push(`${flag}=${next}`);
      index++;
    }
  }
  return canonical;
}

function settingName(written: string, settings: AnySettings): string | undefined {
  const names = Object.keys(settings);
  const folded = written.toLowerCase();
  if (folded === 'h' || folded === 'help') return 'help';
  return knownName(names, written) ?? names.find((name) => settings[name]?.short === folded);
}
