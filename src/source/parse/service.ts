// core/v1 Service, from a manifest or the API.

import { z } from 'zod';
import { isMeshAnnotation } from '../../model/annotations.ts';
import type { KubeService, KubeServicePort } from '../../model/objects.ts';
import {
  labelName,
  listOf,
  metadata,
  optionalFlag,
  optionalPortName,
  optionalText,
  port,
  protocol,
  serviceAddress,
  targetPort,
  textMap,
} from './fields.ts';
import { parseAs, type Parsed, type RuleParams } from './parsed.ts';

const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
const families = ['IPv4', 'IPv6'] as const;

const servicePort = z
  .object({ name: optionalPortName, port, protocol, targetPort, appProtocol: optionalText })
  .transform((value): KubeServicePort => ({
    name: value.name ?? '',
    port: value.port,
    protocol: value.protocol,
    // Kubernetes takes 0 and empty text for "not given".
    targetPort: (value.targetPort ?? 0) || value.port,
    appProtocol: value.appProtocol || undefined,
  }));

const ports = listOf(servicePort, 1_000).superRefine((list, context) => {
  const names = new Set<string>();
  const numbers = new Set<string>();
  const refuse = (index: number, field: string, message: string, advice: string): void => {
    context.addIssue({ code: 'custom', path: [index, field], message, params: { advice } });
  };
  for (const [index, { name, port: number, protocol: transport }] of list.entries()) {
    const both = `${number}/${transport}`;
    if (name === '' && list.length > 1) {
      refuse(
        index,
        'name',
        'given, since the service has several ports',
        'Give every port of the service a name',
      );
    }
    if (name !== '' && names.has(name)) {
      refuse(index, 'name', 'unique among the ports of the service', 'Give every port a name of its own');
    }
    if (numbers.has(both)) {
      refuse(index, 'port', `unique among the ${transport} ports of the service`, 'Remove one of the two');
    }
    names.add(name);
    numbers.add(both);
  }
});

const spec = z
  .object({
    type: z.enum(types, { error: `one of ${types.join(', ')}` }).nullish(),
    clusterIP: serviceAddress.nullish(),
    clusterIPs: listOf(serviceAddress, 2),
    ipFamilies: listOf(z.enum(families, { error: 'IPv4 or IPv6' }), 2),
    selector: textMap,
    ports,
    publishNotReadyAddresses: optionalFlag,
  })
  .superRefine((value, context) => {
    const mayHaveNone = value.type === 'ExternalName' || addressesOf(value)[0] === 'None';
    if (value.ports.length > 0 || mayHaveNone) return;
    const params: RuleParams = { advice: 'List the ports of the service' };
    context.addIssue({
      code: 'custom',
      path: ['ports'],
      message: 'a list of at least one port',
      params: { ...params },
    });
  });

const schema = z.object({ metadata: metadata(labelName, { annotations: textMap }), spec });

/**
 * Reads a Service. Refused beside wrong types: ports that Kubernetes refuses (out of range, the same twice, several
 * without names, none at all).
 */
export function parseService(value: unknown): Parsed<KubeService> {
  return parseAs({ kind: 'Service', schema, reduce }, value);
}

function reduce(value: z.output<typeof schema>): KubeService {
  const { name, namespace, labels, annotations: annotated } = value.metadata;
  const { spec: given } = value;
  return {
    kind: 'Service',
    namespace,
    name,
    labels,
    // Only the mesh's own: of the others, kubectl's copy of the whole manifest is as large as the rest of the object.
    annotations: Object.fromEntries(Object.entries(annotated).filter(([key]) => isMeshAnnotation(key))),
    type: given.type ?? 'ClusterIP',
    clusterIPs: addressesOf(given),
    ipFamilies: given.ipFamilies,
    // A selector without a term selects nothing: Kubernetes leaves such a service's endpoints to somebody else.
    selector: Object.keys(given.selector).length === 0 ? undefined : given.selector,
    ports: given.ports,
    publishNotReadyAddresses: given.publishNotReadyAddresses ?? false,
  };
}

function addressesOf(given: Pick<z.output<typeof spec>, 'clusterIP' | 'clusterIPs'>): readonly string[] {
  if (given.clusterIPs.length > 0) return given.clusterIPs;
  const single = given.clusterIP ?? '';
  return single === '' ? [] : [single];
}
