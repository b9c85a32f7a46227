// specs.smi-spec.io HTTPRouteGroup, from a manifest or the API.

import { z } from 'zod';
import type { KubeHeaderMatch, KubeHttpMatch, KubeHttpRouteGroup } from '../../model/objects.ts';
import { listOf, metadata, optionalText, subdomainName } from './fields.ts';
import type { Parsed } from './parsed.ts';
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
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'the name of an HTTP header')
  .transform((name) => name.toLowerCase());

const headerMap = z.record(headerName, z.string());

/** A list of maps of one header each, as the API has them, or one map of all, as the specification writes them. */
const headers = z
  .union([z.array(headerMap), headerMap], {
    error: 'a list of mappings from the name of a header to a regular expression',
  })
  .nullish()
  .transform((given): readonly KubeHeaderMatch[] => {
    const maps = Array.isArray(given) ? given : [given ?? {}];
    return maps.flatMap((map) => Object.entries(map).map(([name, regex]) => ({ name, regex })));
  });

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
    pathRegex: optionalText,
    headers,
  })
  .transform((value): KubeHttpMatch => ({
    ...value,
    name: value.name ?? '',
    pathRegex: value.pathRegex ?? '',
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
