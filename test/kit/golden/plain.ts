// Values of the model as plain data for golden files: maps become objects, what is undefined is left out.

import { stringify } from 'yaml';
import type { Topology } from '../../../src/model/topology.ts';

/** Plain data: what YAML can hold. */
export type Plain = null | string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Makes plain data of maps, arrays, objects and what they hold. */
export function plain(value: unknown): Plain {
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null) return null;
  throw new Error(`A golden file can't hold ${typeof value}`);
}

/** A topology as plain data. Files in problems are named relative to the folder, so that it doesn't matter where that is. */
export function plainTopology(topology: Topology, folder: string): Plain {
  const problems = JSON.parse(JSON.stringify(topology.problems), (_name, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(`${folder}/`, '') : value,
  ) as unknown;
  const { services, callers } = topology;
  return plain({ services, callers, problems });
}

/** The text of a golden file: keys sorted, one line a scalar. */
export function goldenText(value: Plain): string {
  return stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}
