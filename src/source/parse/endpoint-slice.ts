// discovery.k8s.io/v1 EndpointSlice, from a manifest or the API.

import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import type { KubeEndpoint, KubeEndpointSlice } from '../../model/objects.ts';
import { endpointPort } from './endpoint-port.ts';
import { listOf, metadata, optionalFlag, optionalText, subdomainName } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const serviceLabel = 'kubernetes.io/service-name';
const addressTypes = ['IPv4', 'IPv6', 'FQDN'] as const;

const endpoint = z.object({
  addresses: z
    .array(z.string())
    .min(1, 'a list of at least one address')
    .max(100, 'a list of at most 100 items'),
  conditions: z.object({ ready: optionalFlag, serving: optionalFlag, terminating: optionalFlag }).nullish(),
  nodeName: optionalText,
  zone: optionalText,
  targetRef: z.object({ kind: optionalText, name: optionalText }).nullish(),
});

const schema = z
  .object({
    metadata: metadata(subdomainName, {}),
    addressType: z.enum(addressTypes, { error: `one of ${addressTypes.join(', ')}` }),
    endpoints: listOf(endpoint, 1_000),
    ports: listOf(endpointPort, 20_000),
  })
  .superRefine(({ addressType, endpoints }, context) => {
    if (addressType === 'FQDN') return;
    const isOfFamily = addressType === 'IPv4' ? isIPv4 : isIPv6;
    for (const [index, { addresses }] of endpoints.entries()) {
      for (const [position, text] of addresses.entries()) {
        if (isOfFamily(text)) continue;
        context.addIssue({
          code: 'custom',
          path: ['endpoints', index, 'addresses', position],
          message: `an ${addressType} address, as the slice's addressType says`,
        });
      }
    }
  });

/** Reads an EndpointSlice. Conditions that are not given count as Kubernetes counts them. */
export function parseEndpointSlice(value: unknown): Parsed<KubeEndpointSlice> {
  return parseAs({ kind: 'EndpointSlice', schema, reduce }, value);
}

function reduce(value: z.output<typeof schema>): KubeEndpointSlice {
  const { name, namespace, labels } = value.metadata;
  return {
    kind: 'EndpointSlice',
    namespace,
    name,
    labels,
    service: labels[serviceLabel] ?? '',
    addressType: value.addressType,
    endpoints: value.endpoints.map(reduceEndpoint),
    ports: value.ports,
  };
}

function reduceEndpoint(value: z.output<typeof endpoint>): KubeEndpoint {
  const ready = value.conditions?.ready ?? true;
  return {
    addresses: value.addresses,
    ready,
    serving: value.conditions?.serving ?? ready,
    terminating: value.conditions?.terminating ?? false,
    nodeName: value.nodeName || undefined,
    zone: value.zone || undefined,
    pod: value.targetRef?.kind === 'Pod' ? value.targetRef.name || undefined : undefined,
  };
}
