// What is different between two values of plain data, as plain data.

import { isDeepStrictEqual } from 'node:util';
import type { Plain } from './golden/plain.ts';

/**
 * The parts of `after` that are not in `before`, in their places. Objects are compared key by key (what has gone is `null`), and
 * lists of equally many objects by place; any other value is there as a whole.
 */
export function difference(before: Plain | undefined, after: Plain): Plain {
  if (isList(before) && isList(after) && after.length === before.length && after.every(isObject)) {
    return difference(Object.assign({}, before), Object.assign({}, after));
  }
  if (!isObject(before) || !isObject(after)) return after;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return Object.fromEntries(
    changed.map((key) => {
      const now = after[key];
      return [key, now === undefined ? null : difference(before[key], now)];
    }),
  );
}

function isList(value: Plain | undefined): value is readonly Plain[] {
  return Array.isArray(value);
}

function isObject(value: Plain | undefined): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
