// Pods, as far as checks look at them: which are ready, and what keeps the others from it.

import * as z from 'zod';
import type { ApiObject } from '../kube/api-object.ts';

/** A pod that has not ended. */
export interface CheckedPod {
  readonly name: string;
  readonly node: string | undefined;
  readonly ips: readonly string[];
  /** Whether it passes its probes and is not about to end. */
  readonly isReady: boolean;
  /** Why it isn't ready, as its containers or the scheduler say. */
  readonly trouble: string;
  /** Its container ports of these names. */
  readonly apiPort: number | undefined;
  readonly adminPort: number | undefined;
}

const optional = z.string().nullish();

const containerState = z.object({
  name: z.string(),
  state: z
    .object({
      waiting: z.object({ reason: optional, message: optional }).nullish(),
      terminated: z.object({ reason: optional, message: optional, exitCode: z.int().optional() }).nullish(),
    })
    .nullish(),
});

const pod = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: optional }),
  spec: z.object({
    nodeName: optional,
    containers: z.array(
      z.object({ ports: z.array(z.object({ name: optional, containerPort: z.int() })).nullish() }),
    ),
  }),
  status: z
    .object({
      phase: optional,
      podIPs: z.array(z.object({ ip: z.string() })).nullish(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: optional, message: optional }))
        .nullish(),
      initContainerStatuses: z.array(containerState).nullish(),
      containerStatuses: z.array(containerState).nullish(),
    })
    .default({}),
});

type PodStatus = z.output<typeof pod>['status'];

/** Reads a pod; undefined where it has ended. */
export function readCheckedPod(object: ApiObject): CheckedPod | undefined {
  const { metadata, spec, status } = pod.parse(object);
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const isEnding = typeof metadata.deletionTimestamp === 'string';
  const isReady = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  const ports = spec.containers.flatMap(({ ports: given }) => given ?? []);
  const portOf = (wanted: string): number | undefined =>
    ports.find(({ name }) => name === wanted)?.containerPort;
  return {
    name: metadata.name,
    node: spec.nodeName ?? undefined,
    ips: (status.podIPs ?? []).map(({ ip }) => ip),
    isReady: isReady === true && !isEnding,
    trouble: isEnding ? 'it is being deleted' : troubleOf(status),
    apiPort: portOf('api'),
    adminPort: portOf('admin'),
  };
}

function troubleOf({ conditions, initContainerStatuses, containerStatuses }: PodStatus): string {
  for (const { name, state } of [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])]) {
    const { waiting, terminated } = state ?? {};
    if (waiting) return `container ${name} waits: ${said(waiting)}`;
    if (terminated && terminated.exitCode !== 0) return `container ${name} ended: ${said(terminated)}`;
  }
  const scheduled = conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (scheduled) return `it is on no node: ${said(scheduled)}`;
  return 'its readiness probe fails, or has not been made yet';
}

function said({
  reason,
  message,
}: {
  reason?: string | null | undefined;
  message?: string | null | undefined;
}): string {
  return [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ') || 'unknown';
}
