// specs.smi-spec.io TCPRoute and UDPRoute, from a manifest or the API: both name ports and nothing else.

import { z } from 'zod';
import type { KubeTcpRoute, KubeUdpRoute } from '../../model/objects.ts';
import { listOf, metadata, port, subdomainName } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

/** Versions before v1alpha4 have no ports, and the first two no `spec` either. */
const schema = z.object({
  metadata: metadata(subdomainName, {}),
  spec: z.object({ matches: z.object({ ports: listOf(port, 1_000) }).nullish() }).nullish(),
});

/** Reads a TCPRoute. */
export function parseTcpRoute(value: unknown): Parsed<KubeTcpRoute> {
  return parseAs(
    { kind: 'TCPRoute', schema, reduce: (given) => ({ kind: 'TCPRoute', ...reduce(given) }) },
    value,
  );
}

/** Reads a UDPRoute. */
export function parseUdpRoute(value: unknown): Parsed<KubeUdpRoute> {
  return parseAs(
    { kind: 'UDPRoute', schema, reduce: (given) => ({ kind: 'UDPRoute', ...reduce(given) }) },
    value,
  );
}

function reduce({
  metadata: { name, namespace, labels },
  spec,
}: z.output<typeof schema>): Omit<KubeTcpRoute, 'kind'> {
  return { namespace, name, labels, ports: spec?.matches?.ports ?? [] };
}
