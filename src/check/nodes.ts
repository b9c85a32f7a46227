// Nodes, and which of them a DaemonSet's pods should be on.

import * as z from 'zod';
import type { ApiObject } from '../kube/api-object.ts';
import type { Toleration, Workload } from './workloads.ts';

/** A node. */
export interface CheckedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether pods are put on it: it is ready, and nobody has cordoned it. */
  readonly isSchedulable: boolean;
  readonly taints: readonly Taint[];
}

/** What keeps pods from a node that don't tolerate it. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

const node = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    unschedulable: z.boolean().default(false),
    taints: z
      .array(z.object({ key: z.string(), value: z.string().default(''), effect: z.string() }))
      .default([]),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});

/** Reads a node. */
export function readNode(object: ApiObject): CheckedNode {
  const { metadata, spec, status } = node.parse(object);
  const isReady = status.conditions.some((is) => is.type === 'Ready' && is.status === 'True');
  const { name, labels } = metadata;
  return { name, labels, isSchedulable: isReady && !spec.unschedulable, taints: spec.taints };
}

/** Taints that every DaemonSet's pods tolerate: its controller sees to it. */
const toleratedByAll = /^node\.kubernetes\.io\/(?!network-unavailable)/;

/**
 * Whether a DaemonSet's pod should be on a node: pods are put on it, it has the labels that are wanted, and its taints are
 * tolerated. What the DaemonSet says by affinity is not looked at.
 */
export function shouldBeOn(
  { labels, isSchedulable, taints }: Omit<CheckedNode, 'name'>,
  { nodeSelector, tolerations }: Pick<Workload, 'nodeSelector' | 'tolerations'>,
): boolean {
  const isSelected = Object.entries(nodeSelector).every(([label, value]) => labels[label] === value);
  const keepOff = taints.filter(
    ({ key, effect }) => effect !== 'PreferNoSchedule' && !toleratedByAll.test(key),
  );
  const isTolerated = keepOff.every((taint) => tolerations.some((each) => tolerates(each, taint)));
  return isSchedulable && isSelected && isTolerated;
}

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (!key) return operator === 'Exists';
  if (key !== taint.key) return false;
  return operator === 'Exists' || (value ?? '') === taint.value;
}
