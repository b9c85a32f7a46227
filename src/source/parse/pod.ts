// core/v1 Pod, from a manifest or the API.

import { z } from 'zod';
import type { KubePod } from '../../model/objects.ts';
import {
  address,
  containerPortName,
  listOf,
  metadata,
  optionalFlag,
  optionalText,
  port,
  protocol,
  subdomainName,
} from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const containerPort = z
  .object({ name: containerPortName.or(z.literal('')).nullish(), containerPort: port, protocol })
  .transform((value) => ({ name: value.name ?? '', port: value.containerPort, protocol: value.protocol }));

const container = z.object({ ports: listOf(containerPort, 10_000), restartPolicy: optionalText });

const spec = z.object({
  nodeName: optionalText,
  serviceAccountName: optionalText,
  hostNetwork: optionalFlag,
  containers: listOf(container, 1_000),
  initContainers: listOf(container, 1_000),
});

const status = z.object({
  phase: optionalText,
  podIP: address.or(z.literal('')).nullish(),
  podIPs: listOf(z.object({ ip: address }), 100),
  conditions: listOf(z.object({ type: z.string(), status: z.string() }), 1_000),
});

const schema = z.object({
  metadata: metadata(subdomainName, { deletionTimestamp: z.unknown().optional() }),
  spec,
  status: status.nullish(),
});

/** Reads a Pod. One without a status, as people write it by hand, has no address and is not ready. */
export function parsePod(value: unknown): Parsed<KubePod> {
  return parseAs({ kind: 'Pod', schema, reduce }, value);
}

function reduce(value: z.output<typeof schema>): KubePod {
  const { name, namespace, labels, deletionTimestamp } = value.metadata;
  const { spec: given, status: seen } = value;
  // An init container that restarts always is a sidecar: it runs beside the others, and its ports are open.
  const sidecars = given.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    kind: 'Pod',
    namespace,
    name,
    labels,
    nodeName: given.nodeName || undefined,
    serviceAccount: (given.serviceAccountName ?? '') || 'default',
    ips: addressesOf(seen),
    ready: seen?.conditions.some((is) => is.type === 'Ready' && is.status === 'True') ?? false,
    terminating: deletionTimestamp !== undefined && deletionTimestamp !== null,
    finished: seen?.phase === 'Succeeded' || seen?.phase === 'Failed',
    hostNetwork: given.hostNetwork ?? false,
    containerPorts: [...given.containers, ...sidecars].flatMap(({ ports }) => ports),
  };
}

function addressesOf(seen: z.output<typeof status> | null | undefined): readonly string[] {
  if (!seen) return [];
  if (seen.podIPs.length > 0) return seen.podIPs.map(({ ip }) => ip);
  const single = seen.podIP ?? '';
  return single === '' ? [] : [single];
}
