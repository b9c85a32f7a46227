// Deployments and DaemonSets, as far as checks look at them.

import * as z from 'zod';
import type { ApiObject } from '../kube/api-object.ts';

/** A Deployment or DaemonSet. */
export interface Workload {
  readonly name: string;
  /** Labels of its pods. */
  readonly selector: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** How many pods it should have; of a DaemonSet, as its controller says. */
  readonly desired: number;
  /** Whether its controller has taken up the newest version of it. */
  readonly isObserved: boolean;
  /** Which nodes its pods may be on; of a DaemonSet. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Whether it says in a way that isn't looked at here which nodes it is for. */
  readonly hasNodeAffinity: boolean;
}

/** What lets pods be on a node in spite of a taint; absent: any. */
export interface Toleration {
  readonly key?: string | null | undefined;
  readonly operator?: string | null | undefined;
  readonly value?: string | null | undefined;
  readonly effect?: string | null | undefined;
}

const optional = z.string().nullish();
const texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const workload = z.object({
  metadata: z.object({ name: z.string(), generation: z.int().default(0) }),
  spec: z.object({
    replicas: z.int().default(1),
    selector: z.object({ matchLabels: texts }),
    template: z.object({
      spec: z.object({
        serviceAccountName: optional,
        nodeSelector: texts,
        tolerations: z
          .array(z.object({ key: optional, operator: optional, value: optional, effect: optional }))
          .nullish(),
        affinity: z.object({ nodeAffinity: z.looseObject({}).nullish() }).nullish(),
      }),
    }),
  }),
  status: z
    .object({ observedGeneration: z.int().default(0), desiredNumberScheduled: z.int().optional() })
    .default({ observedGeneration: 0 }),
});

/** Reads a Deployment or DaemonSet that an API server gave. */
export function readWorkload(object: ApiObject): Workload {
  const { metadata, spec, status } = workload.parse(object);
  const { serviceAccountName, nodeSelector, tolerations, affinity } = spec.template.spec;
  const required = affinity?.nodeAffinity?.['requiredDuringSchedulingIgnoredDuringExecution'];
  return {
    name: metadata.name,
    selector: spec.selector.matchLabels,
    serviceAccount: serviceAccountName || 'default',
    desired: status.desiredNumberScheduled ?? spec.replicas,
    isObserved: status.observedGeneration >= metadata.generation,
    nodeSelector,
    tolerations: tolerations ?? [],
    hasNodeAffinity: required !== undefined && required !== null,
  };
}
