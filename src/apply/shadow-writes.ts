// Which writes bring the shadow Services of one service to what there should be, by what was read of them.

import { isDeepStrictEqual } from 'node:util';
import { standInName } from './shadow-name.ts';
import { differenceOf, isOfOtherFamily, type FoundShadow } from './shadow-reading.ts';
import type { Shadow, ShadowPort } from './shadow.ts';

/** A write, by the name of its call; where `current` is known, only that very version is overwritten. */
export type ShadowWrite =
  | { readonly call: 'delete'; readonly current: FoundShadow }
  | {
      readonly call: 'apply' | 'replacePorts' | 'standIn';
      readonly shadow: Shadow;
      readonly current: FoundShadow | undefined;
    };

/**
 * The writes that are next; what comes after them is found out when they have come by the watch. None where all is well.
 *
 * @param shadow - what there should be; undefined: nothing.
 * @param found - all that there is for the service.
 */
export function writesOf(
  shadow: Shadow | undefined,
  found: readonly FoundShadow[],
  meshNamespace: string,
): readonly ShadowWrite[] {
  const current = found.find(({ name }) => name === shadow?.name);
  if (shadow && current && isOfOtherFamily(current, shadow)) return [makeAnew(shadow, current, found)];
  const others = found.filter((each) => each !== current && isReplaced(each, shadow, current));
  const deletions = others.map((other): ShadowWrite => ({ call: 'delete', current: other }));
  if (shadow === undefined) return deletions;
  if (current === undefined) return [...deletions, { call: 'apply', shadow, current }];
  const difference = differenceOf(current, shadow, meshNamespace);
  if (difference === undefined) return deletions;
  return [...deletions, { call: difference === 'ports' ? 'replacePorts' : 'apply', shadow, current }];
}

/** The one that says how far a service's ports are: its shadow Service, or what stands in for that. */
export function currentOf(shadow: Shadow, found: readonly FoundShadow[]): FoundShadow | undefined {
  return found.find(({ name }) => name === shadow.name) ?? standInOf(shadow, found);
}

/** It is deleted, and made when that has come by the watch; but not before its mesh ports are on record elsewhere. */
function makeAnew(shadow: Shadow, current: FoundShadow, found: readonly FoundShadow[]): ShadowWrite {
  const { ports } = current;
  const standIn = standInOf(shadow, found);
  if (isDeepStrictEqual(standIn?.ports, ports)) return { call: 'delete', current };
  const name = standInName(shadow.service);
  return { call: 'standIn', shadow: { ...shadow, name, ports }, current: standIn };
}

function standInOf({ service }: Shadow, found: readonly FoundShadow[]): FoundShadow | undefined {
  const standIn = standInName(service);
  return found.find(({ name }) => name === standIn);
}

/**
 * Whether what stands for a service under another name than it should may go: not before the mesh ports that the service
 * keeps are on record under the right one.
 */
function isReplaced(
  other: FoundShadow,
  shadow: Shadow | undefined,
  current: FoundShadow | undefined,
): boolean {
  const has = (ports: readonly ShadowPort[], { meshPort }: ShadowPort): boolean =>
    ports.some((port) => port.meshPort === meshPort);
  const kept = other.ports.filter((port) => has(shadow?.ports ?? [], port));
  return kept.every((port) => has(current?.ports ?? [], port));
}
