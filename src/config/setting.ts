// What a setting is, and the names by which each source knows it: all are made from one.

import type { ValueKind } from './value.ts';

/** A setting of a command. Its name is the key under which it stands in the table. */
export interface Setting<T> {
  /** What it is for: a phrase without a full stop, for help and documents. */
  readonly doc: string;
  /** Heading under which help shows it. */
  readonly group: SettingGroup;
  readonly kind: ValueKind<T>;
  /** Value where the source that counts gives none. */
  readonly default: T;
  /** How help and documents show the default, where the value itself does not say it. */
  readonly defaultText?: string;
  /** A source must give it; the default is never used. */
  readonly required?: true;
  /** One letter by which the flag is known too. */
  readonly short?: string;
  /** Only a flag can say it, and that does not count as giving flags: it is about this one call of the command. */
  readonly flagOnly?: true;
  /** Its value must not be shown to anybody. */
  readonly secret?: true;
  /** What to use instead of it, where it is kept for those who have used it. */
  readonly deprecated?: string;
}

/** Settings of one command: exactly those of its type, each of the type that it has there. */
export type SettingTable<S> = { readonly [Name in keyof S]-?: Setting<S[Name]> };

/** Headings of help, in their order. */
export type SettingGroup = 'Cluster' | 'Mesh' | 'Addresses' | 'Envoy' | 'Output' | 'General';

/** Settings of which nothing is known but what every setting has: for whoever goes through a table. */
export type AnySettings = Readonly<Record<string, Setting<unknown>>>;

/** Prefixes of environment variables: Maesh's own, and that of Traefik Mesh. */
export const envPrefixes = ['MAESH_', 'TRAEFIK_MESH_'] as const;

/** `--logLevel`. */
export function flagName(name: string): string {
  return `--${name}`;
}

/** `LOGLEVEL`: what stands behind the prefix in the name of the environment variable. */
export function envSuffix(name: string): string {
  return name.toUpperCase();
}

/** `MAESH_LOGLEVEL`. */
export function envName(name: string): string {
  return `${envPrefixes[0]}${envSuffix(name)}`;
}

/** The setting's own name from one in any case, as flags, variables and file keys may be written. */
export function knownName(names: Iterable<string>, written: string): string | undefined {
  const folded = written.toLowerCase();
  for (const name of names) if (name.toLowerCase() === folded) return name;
  return undefined;
}
