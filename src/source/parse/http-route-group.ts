// specs.smi-spec.io HTTPRouteGroup, from a manifest or the API.

import { z } from 'zod';
import type { KubeHeaderMatch, KubeHttpMatch, KubeHttpRouteGroup } from '../../model/objects.ts';
import { listOf, metadata, optionalText, subdomainName } from './fields.ts';
import type { Parsed } from './parsed.ts';
import { optionalRegex } from './regex.ts';
import { parseSmi } from './smi.ts';

const methods = [
  '*',
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
] as const;

/** A field name of RFC 9110, section 5.1. */
const headerName = /^[\w!#$%&'*+.^`|~-]+$/u;

const headerMap = z.record(z.string(), optionalRegex).superRefine((map, context) => {
  for (const name of Object.keys(map)) {
    if (headerName.test(name)) continue;
    const params = { advice: `Correct the name of the header ${JSON.stringify(name)}` };
    context.addIssue({ code: 'custom', message: 'a mapping from the name of an HTTP header', params });
  }
});

/** A list of maps of one header each, as the API has them, or one map of all, as the specification writes them. */
const headers = z
  .preprocess((given) => (isMapping(given) ? [given] : given), listOf(headerMap, 100))
  .transform((maps): readonly KubeHeaderMatch[] =>
    maps.flatMap((map) => Object.entries(map).map(([name, regex]) => ({ name: name.toLowerCase(), regex }))),
  );

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const match = z
  .object({
    name: optionalText,
    methods: listOf(
      z
        .string()
        .transform((method) => method.toUpperCase())
        .pipe(z.enum(methods, { error: `one of ${methods.join(', ')}` })),
      100,
    ),
    pathRegex: optionalRegex,
    headers,
  })
  .transform((value): KubeHttpMatch => ({
    ...value,
    name: value.name ?? '',
  }));

const matches = listOf(match, 1_000);
const specSchema = z.object({ metadata: metadata(subdomainName, {}), spec: z.object({ matches }) });
const flatSchema = z.object({ metadata: metadata(subdomainName, {}), matches });

/** Reads an HTTPRouteGroup. */
export function parseHttpRouteGroup(value: unknown): Parsed<KubeHttpRouteGroup> {
  const kind = 'HTTPRouteGroup';
  return parseSmi(
    {
      spec: { kind, schema: specSchema, reduce: ({ metadata: meta, spec }) => reduce(meta, spec.matches) },
      flat: { kind, schema: flatSchema, reduce: (flat) => reduce(flat.metadata, flat.matches) },
      flatField: 'matches',
    },
    value,
  );
}

function reduce(
  { name, namespace, labels }: z.output<typeof specSchema>['metadata'],
  given: readonly KubeHttpMatch[],
): KubeHttpRouteGroup {
  return { kind: 'HTTPRouteGroup', namespace, name, labels, matches: given };
}
