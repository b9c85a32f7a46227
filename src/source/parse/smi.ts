// What the kinds of the Service Mesh Interface have in common: early versions have their fields at the top of the object,
// later ones under `spec`. Which of the two it is, the object itself says: a server that serves several versions hands out
// in the newest what was written in the oldest, with no more changed than the name of the version.

import type { z } from 'zod';
import type { Kind, ObjectOf } from '../../model/objects.ts';
import { parseAs, type KindReader, type Parsed } from './parsed.ts';

/** How both forms of a kind are read. */
export interface SmiReader<K extends Kind, Spec extends z.ZodType, Flat extends z.ZodType> {
  readonly spec: KindReader<K, Spec>;
  readonly flat: KindReader<K, Flat>;
  /** A field that every object of the early form has. */
  readonly flatField: string;
}

/** Reads an object in the form that it has; with neither `spec` nor the early form's field, as one that lacks `spec`. */
export function parseSmi<K extends Kind, Spec extends z.ZodType, Flat extends z.ZodType>(
  { spec, flat, flatField }: SmiReader<K, Spec, Flat>,
  value: unknown,
): Parsed<ObjectOf<K>> {
  return !has(value, 'spec') && has(value, flatField) ? parseAs(flat, value) : parseAs(spec, value);
}

function has(value: unknown, field: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return (Reflect.get(value, field) ?? undefined) !== undefined;
}
