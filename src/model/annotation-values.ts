// The forms in which annotations are written: each turns text into a value, or says what would have been one.

import type { BreakerCondition } from './breaker-condition.ts';
import { parseCondition } from './breaker-parser.ts';
import { areCertificates } from './certificates.ts';
import { parseDuration } from './duration.ts';
import type { Affinity, TrustedCa } from './policy.ts';

/** What a text says, or what is wrong with it. */
export type ReadValue<T> =
  | { readonly value: T }
  | {
      /** What would mean something: the end of "…, but must be". */
      readonly allowed: string;
      /** Where it is known what exactly is wrong. */
      readonly because?: string;
      /** What holds in its place where it never meant anything; nothing does otherwise. */
      readonly instead?: T;
    };

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

/** A whole number, as Go reads it: with a sign if one likes, but without a fraction or an exponent. */
function wholeNumber(least: number, most: number): ValueReader<number> {
  return (text) => {
    const value = /^[+-]?\d+$/u.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most
      ? { value }
      : { allowed: `a whole number from ${least} to ${most}` };
  };
}

/** How many of something, which is at least one. */
export const count: ValueReader<number> = wholeNumber(1, maxCount);

/** How many in a hundred, which is at least one. */
export const percentage: ValueReader<number> = wholeNumber(1, 100);

/** A time in milliseconds, from one to a day's. */
export const duration: ValueReader<number> = (text) => {
  const ms = Math.round(parseDuration(text) ?? 0);
  return ms >= 1 && ms <= 86_400_000
    ? { value: ms }
    : { allowed: 'a duration from 1ms to 24h, such as 1.5s or 1m30s' };
};

export const flag: ValueReader<boolean> = (text) =>
  text === 'true' || text === 'false' ? { value: text === 'true' } : { allowed: 'true or false' };

/** `source`, or `cookie:` or `header:` with a name behind it (RFC 9110, section 5.6.2: a token). */
export const affinity: ValueReader<Affinity> = (text) => {
  if (text === 'source') return { value: { by: 'source' } };
  const [, by, name] = /^(cookie|header):([!#$%&'*+.^_`|~\w-]{1,128})$/u.exec(text) ?? [];
  return by === undefined || name === undefined
    ? { allowed: 'source, or cookie: or header: with a name behind it, such as cookie:session' }
    : { value: { by: by as 'cookie' | 'header', name } };
};

/** A DNS name (RFC 1123), in whose name certificates are made. */
export const dnsName: ValueReader<string> = (text) =>
  text.length <= 253 &&
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/iu.test(text)
    ? { value: text }
    : { allowed: 'a DNS name' };

/** Certificates in PEM. Whoever wanted pods' certificates to be looked at doesn't get them unlooked at by a mistake. */
export const trustedCa: ValueReader<TrustedCa> = (text) =>
  areCertificates(text)
    ? { value: { pem: text } }
    : { allowed: 'certificates in PEM, each of them whole', instead: 'nobody' };

/** The expression of a circuit breaker. */
export const breakerCondition: ValueReader<BreakerCondition> = (text) => {
  const parsed = parseCondition(text);
  if ('condition' in parsed) return { value: parsed.condition };
  return { allowed: 'an expression such as NetworkErrorRatio() > 0.5', because: parsed.mistake };
};
