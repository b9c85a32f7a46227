// split.smi-spec.io TrafficSplit, from a manifest or the API.

import { z } from 'zod';
import type { KubeTrafficSplit } from '../../model/objects.ts';
import { labelName, listOf, metadata, subdomainName } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const weight = z.number().refine(Number.isSafeInteger, { error: 'a whole number' });

const backend = z.object({ service: labelName, weight });

const match = z.object({
  kind: z.literal('HTTPRouteGroup', { error: 'HTTPRouteGroup' }),
  name: subdomainName,
});

const schema = z.object({
  metadata: metadata(subdomainName, {}),
  spec: z.object({ service: labelName, backends: listOf(backend, 1_000), matches: listOf(match, 1_000) }),
});

/** Reads a TrafficSplit. Weights are whole numbers, as the specification says; whether they make sense together, the model says. */
export function parseTrafficSplit(value: unknown): Parsed<KubeTrafficSplit> {
  return parseAs({ kind: 'TrafficSplit', schema, reduce }, value);
}

function reduce({ metadata: { name, namespace, labels }, spec }: z.output<typeof schema>): KubeTrafficSplit {
  return {
    kind: 'TrafficSplit',
    namespace,
    name,
    labels,
    service: spec.service,
    backends: spec.backends,
    routeGroups: spec.matches.map((each) => each.name),
  };
}
