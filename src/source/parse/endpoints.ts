// core/v1 Endpoints, from a manifest or the API.

import { z } from 'zod';
import type { KubeEndpointAddress, KubeEndpoints } from '../../model/objects.ts';
import { endpointPort } from './endpoint-port.ts';
import { address, listOf, metadata, optionalText, subdomainName } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const endpointAddress = z.object({
  ip: address,
  nodeName: optionalText,
  targetRef: z.object({ kind: optionalText, name: optionalText }).nullish(),
});

// Kubernetes itself cuts Endpoints at 1,000 addresses; by hand there may be more of them.
const addresses = listOf(endpointAddress, 100_000);

const subset = z.object({
  addresses,
  notReadyAddresses: addresses,
  ports: listOf(endpointPort, 20_000),
});

const schema = z.object({ metadata: metadata(subdomainName, {}), subsets: listOf(subset, 10_000) });

/** Reads Endpoints. Loopback addresses are taken, unlike in a cluster: backends of a standalone mesh may be there. */
export function parseEndpoints(value: unknown): Parsed<KubeEndpoints> {
  return parseAs({ kind: 'Endpoints', schema, reduce }, value);
}

function reduce(value: z.output<typeof schema>): KubeEndpoints {
  const { name, namespace, labels } = value.metadata;
  return {
    kind: 'Endpoints',
    namespace,
    name,
    labels,
    subsets: value.subsets.map((given) => ({
      addresses: given.addresses.map(reduceAddress),
      notReadyAddresses: given.notReadyAddresses.map(reduceAddress),
      ports: given.ports,
    })),
  };
}

function reduceAddress(value: z.output<typeof endpointAddress>): KubeEndpointAddress {
  return {
    ip: value.ip,
    nodeName: value.nodeName || undefined,
    pod: value.targetRef?.kind === 'Pod' ? value.targetRef.name || undefined : undefined,
  };
}
