// The fields that several kinds share, as zod schemas: names, ports, addresses, labels. A rule's message is a noun phrase
// that completes "… must be". Kubernetes takes null for a field as if it were absent, and so does every schema here.

import { isIP } from 'node:net';
import { z } from 'zod';
import { byText } from '../../model/key.ts';
import type { Protocol } from '../../model/objects.ts';
import type { RuleParams } from './parsed.ts';

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const portName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;

const labelRule =
  'at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit';

/** A DNS label of RFC 1123: names of namespaces and services (Kubernetes 1.36 takes it for both: KEP-5311). */
export const labelName: z.ZodString = z.string().regex(label, labelRule);

/** A DNS subdomain of RFC 1123: names of pods, slices and most other objects. */
export const subdomainName: z.ZodString = z
  .string()
  .max(253, 'at most 253 characters long')
  .regex(
    subdomain,
    'lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit',
  );

/** Name of a container port, which a service's targetPort may give: an IANA service name. */
export const containerPortName: z.ZodString = z
  .string()
  .regex(portName, 'at most 15 lower-case letters, digits and single hyphens, with a letter among them');

/** Name of a port of a service or of endpoints; absent or empty for the only port of its object. */
export const optionalPortName: z.ZodType<string | null | undefined> = z
  .string()
  .refine((name) => name === '' || label.test(name), { error: labelRule })
  .nullish();

const portRange: RuleParams = { code: 'MAESH_PORT_RANGE', advice: 'Give a port from 1 to 65535' };

/** Whether a number is a port. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** A port from 1 to 65535. */
export const port: z.ZodNumber = z
  .number()
  .refine(isPort, { error: 'a whole number from 1 to 65535', params: { ...portRange } });

const targetPortRule = 'a port from 1 to 65535 or the name of a container port';

/** A service's targetPort: a number, or the name of a container port. 0 and empty text stand for "as port". */
export const targetPort: z.ZodType<number | string | null | undefined> = z
  .union([z.number(), z.string()], { error: targetPortRule })
  .refine((value) => typeof value === 'string' || value === 0 || isPort(value), {
    error: targetPortRule,
    params: { ...portRange },
  })
  .refine((value) => typeof value === 'number' || value === '' || portName.test(value), {
    error: targetPortRule,
    params: { advice: 'Write a number without quotes, or the name that the pods give their port' },
  })
  .nullish();

/** `TCP` where the manifest gives none. */
export const protocol: z.ZodType<Protocol> = z
  .enum(['TCP', 'UDP', 'SCTP'], { error: 'TCP, UDP or SCTP' })
  .nullish()
  .transform((value) => value ?? 'TCP');

export const optionalText: z.ZodType<string | null | undefined> = z.string().nullish();

export const optionalFlag: z.ZodType<boolean | null | undefined> = z.boolean().nullish();

/** An IPv4 or IPv6 address. */
export const address: z.ZodString = z.string().refine((text) => isIP(text) !== 0, { error: 'an IP address' });

/** A service's own address: an IP address, `None` for a headless service, or empty where Kubernetes is to choose. */
export const serviceAddress: z.ZodString = z
  .string()
  .refine((text) => text === '' || text === 'None' || isIP(text) !== 0, { error: 'an IP address or None' });

/** Labels, annotations or a selector, its keys sorted; empty where there are none. */
export const textMap: z.ZodType<Readonly<Record<string, string>>> = z
  .record(z.string(), z.string().nullable())
  .nullish()
  .transform((map) => sortedMap(map ?? {}));

const empty: Readonly<Record<string, string>> = Object.freeze({});

function sortedMap(map: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  const entries = Object.entries(map);
  if (entries.length === 0) return empty;
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => byText(a, b)).map(([key, value]): [string, string] => [key, value ?? '']),
  );
}

/** A list of at most `most` items; null and absent are the empty list. */
export function listOf<S extends z.ZodType>(item: S, most: number): z.ZodType<readonly z.output<S>[]> {
  return z
    .array(item)
    .max(most, `a list of at most ${most} items`)
    .nullish()
    .transform((items) => items ?? []);
}

/** The fields of `metadata` that every kind has here. */
export interface MetadataShape {
  readonly name: z.ZodString;
  /** `default` where none is given. */
  readonly namespace: z.ZodType<string>;
  readonly labels: typeof textMap;
}

const namespace: z.ZodType<string> = z
  .string()
  .refine((name) => name === '' || label.test(name), { error: labelRule })
  .nullish()
  .transform((name) => (name ?? '') || 'default');

/** `metadata`, with what a kind reads of it besides. */
export function metadata<S extends z.core.$ZodShape>(
  name: z.ZodString,
  more: S,
): z.ZodObject<MetadataShape & S> {
  return z.object({ name, namespace, labels: textMap, ...more });
}
