// access.smi-spec.io TrafficTarget, from a manifest or the API.

import { z } from 'zod';
import type { KubeTrafficRule, KubeTrafficTarget } from '../../model/objects.ts';
import { isPort, labelName, listOf, metadata, optionalText, subdomainName } from './fields.ts';
import type { Parsed } from './parsed.ts';
import { parseSmi } from './smi.ts';

const identity = z.object({
  kind: optionalText,
  name: subdomainName,
  namespace: labelName.or(z.literal('')).nullish(),
});

const portRule = 'a port from 1 to 65535';

/** Text in v1alpha1. 0 and empty text stand for "not given", as in Go. */
const optionalPort = z
  .union([z.number(), z.string()], { error: portRule })
  .transform(Number)
  .refine((value) => value === 0 || isPort(value), { error: portRule, params: { code: 'MAESH_PORT_RANGE' } })
  .nullish();

const destination = identity.extend({ port: optionalPort });

const ruleKinds = ['HTTPRouteGroup', 'TCPRoute', 'UDPRoute'] as const;

const rule = z
  .object({
    kind: z.enum(ruleKinds, { error: `one of ${ruleKinds.join(', ')}` }),
    name: subdomainName,
    matches: listOf(z.string(), 1_000),
  })
  .transform((value): KubeTrafficRule => value);

const sources = listOf(identity, 10_000);
const rules = listOf(rule, 1_000);

const specSchema = z.object({
  metadata: metadata(subdomainName, {}),
  spec: z.object({ destination, sources, rules }),
});

const flatSchema = z.object({ metadata: metadata(subdomainName, {}), destination, sources, specs: rules });

/**
 * Reads a TrafficTarget. `destination.port` is read in every version, though v1alpha3 no longer has it: to leave it out
 * would allow more than its author meant.
 */
export function parseTrafficTarget(value: unknown): Parsed<KubeTrafficTarget> {
  const kind = 'TrafficTarget';
  return parseSmi(
    {
      spec: { kind, schema: specSchema, reduce: ({ metadata: meta, spec }) => reduce(meta, spec) },
      flat: {
        kind,
        schema: flatSchema,
        reduce: ({ metadata: meta, specs, ...rest }) => reduce(meta, { ...rest, rules: specs }),
      },
      flatField: 'destination',
    },
    value,
  );
}

function reduce(
  { name, namespace, labels }: z.output<typeof specSchema>['metadata'],
  given: z.output<typeof specSchema>['spec'],
): KubeTrafficTarget {
  const identityOf = (each: z.output<typeof identity>, otherwise: string) => ({
    kind: each.kind || 'ServiceAccount',
    name: each.name,
    namespace: each.namespace || otherwise,
  });
  return {
    kind: 'TrafficTarget',
    namespace,
    name,
    labels,
    destination: identityOf(given.destination, namespace),
    port: given.destination.port || undefined,
    sources: given.sources.map((source) => identityOf(source, '')),
    rules: given.rules,
  };
}
