// Settings in environment variables: `MAESH_LOGLEVEL`, or `TRAEFIK_MESH_LOGLEVEL` as Traefik Mesh had it, never both.

import type { Mistake } from './mistake.ts';
import { envPrefixes, envSuffix, flagName } from './setting.ts';
import { similarWord } from './similar.ts';

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting's variable, as it was found. */
export interface Variable {
  /** The setting's name. */
  readonly name: string;
  /** The variable's, with its prefix. */
  readonly variable: string;
  readonly value: string;
}

/** The variables that say something about the named settings, in the order of the names. */
export function findVariables(env: Environment, names: readonly string[]): readonly Variable[] {
  return names.flatMap((name) =>
    envPrefixes.flatMap((prefix) => {
      const variable = prefix + envSuffix(name);
      const value = env[variable];
      return value === undefined ? [] : [{ name, variable, value }];
    }),
  );
}

/** The mistake of using both prefixes at once; undefined where one at most is used. */
export function mixedPrefixes(variables: readonly Variable[]): Mistake | undefined {
  const [own, other] = envPrefixes.map((prefix) =>
    variables.find(({ variable }) => variable.startsWith(prefix)),
  );
  if (own === undefined || other === undefined) return undefined;
  return {
    what: `${own.variable} and ${other.variable}`,
    why: `variables begin either with ${envPrefixes[0]} or with ${envPrefixes[1]}, never with both at once`,
    advice: `rename one of the two kinds, best ${envPrefixes[1]}… to ${envPrefixes[0]}…`,
  };
}

/** What Kubernetes tells the containers of a namespace about each of its services, such as one that is named `maesh-api`. */
const serviceLink = /^(?:tcp|udp|sctp):\/\//;

/** Variables that begin as Maesh's do, mean nothing, and look like a mistyped setting. */
export function mistypedVariables(env: Environment, names: readonly string[]): readonly Mistake[] {
  const suffixes = names.map(envSuffix);
  return Object.keys(env)
    .toSorted()
    .flatMap((variable) => {
      const prefix = envPrefixes.find((each) => variable.startsWith(each));
      if (prefix === undefined || serviceLink.test(env[variable] ?? '')) return [];
      const suffix = variable.slice(prefix.length);
      const near = suffixes.includes(suffix) ? undefined : similarWord(suffix, suffixes);
      if (near === undefined) return [];
      const name = names.find((each) => envSuffix(each) === near) ?? near;
      return [
        {
          what: variable,
          why: 'no setting has this variable, so it changes nothing',
          advice: `did you mean ${prefix}${near} (as ${flagName(name)})?`,
        },
      ];
    });
}
