// The forms in which annotations are written: each turns text into a value, or says what would have been one.

import type { BreakerCondition } from './breaker-condition.ts';
import { parseCondition } from './breaker-parser.ts';

/** What a text says, or what is allowed in its place: the end of "…, but must be". */
export type ReadValue<T> =
  | { readonly value: T }
  | { readonly allowed: string; /** Where it is known what exactly is wrong. */ readonly because?: string };

/** Reads the value of an annotation. */
export type ValueReader<T> = (text: string) => ReadValue<T>;

/** One of these words, exactly: as in the original, `HTTP` is not `http`. */
export function oneOf<const T extends string>(...words: readonly T[]): ValueReader<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { allowed: `one of ${words.join(', ')}` } : { value };
  };
}

/** The largest number that every one of Envoy's fields takes. */
const maxCount = 2_147_483_647;

/** A whole number of at least one, as Go reads it: with a sign if one likes, but without a fraction or an exponent. */
export const count: ValueReader<number> = (text) => {
  const value = /^[+-]?\d+$/u.test(text) ? Number(text) : Number.NaN;
  return value >= 1 && value <= maxCount ? { value } : { allowed: `a whole number from 1 to ${maxCount}` };
};

/** The expression of a circuit breaker. */
export const breakerCondition: ValueReader<BreakerCondition> = (text) => {
  const parsed = parseCondition(text);
  if ('condition' in parsed) return { value: parsed.condition };
  return { allowed: 'an expression such as NetworkErrorRatio() > 0.5', because: parsed.mistake };
};
