// Flags as the original takes them, rewritten into the one form that the command-line parser takes: `--name=value`.

import { knownName, type AnySettings } from './setting.ts';

/**
 * Rewrites the arguments of a command: names in any case, with one dash or two, with the value behind `=` or in the
 * next argument, and switches without a value. What is no flag, and everything behind `--`, stays as it is; so does a
 * flag that nobody knows (with two dashes), for the parser to complain about.
 */
export function canonicalFlags(args: readonly string[], settings: AnySettings): readonly string[] {
  const canonical: string[] = [];
  const waiting = args.values();
  for (const arg of waiting) {
    if (arg === '--') return [...canonical, arg, ...waiting];
    const [, written, value] = /^--?([a-z][\w-]*)(?:=(.*))?$/is.exec(arg) ?? [];
    if (written === undefined) {
      canonical.push(arg);
      continue;
    }
    const name = settingName(written, settings);
    const flag = name === undefined && written.length === 1 ? `-${written}` : `--${name ?? written}`;
    const given = value ?? (name === undefined ? undefined : followingValue(settings[name], waiting));
    canonical.push(given === undefined ? flag : `${flag}=${given}`);
  }
  return canonical;
}

/** The value of a flag that has none behind `=`: that of a switch is on; undefined where it is missing. */
function followingValue(
  setting: AnySettings[string] | undefined,
  waiting: Iterator<string>,
): string | undefined {
  // `--help` is no setting and takes nothing.
  if (setting === undefined) return undefined;
  if (setting.kind.placeholder === undefined) return 'true';
  const next = waiting.next();
  return next.done === true ? undefined : next.value;
}

function settingName(written: string, settings: AnySettings): string | undefined {
  const names = Object.keys(settings);
  const folded = written.toLowerCase();
  if (folded === 'h' || folded === 'help') return 'help';
  return knownName(names, written) ?? names.find((name) => settings[name]?.short === folded);
}
