// What DNS a cluster has, asked once.

import type { KubeClient } from '../kube/client.ts';
import { isServed } from '../kube/discovery.ts';
import { findLayout } from './find-layout.ts';
import { dnsNamespace, type DnsLayout, type DnsPlace } from './layout.ts';
import { operatorType } from './operator-plan.ts';
import { readWorkload, workloadTypes, type DnsWorkload, type WorkloadKind } from './workload.ts';

/** A cluster's DNS at one moment. */
export interface FoundDns {
  readonly layout: DnsLayout;
  readonly workloads: readonly DnsWorkload[];
}

/** Whether an operator writes the configuration of the cluster's DNS, as in OpenShift. Rejects with KubeError. */
export async function hasOperator(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  return await isServed(client, operatorType, { signal });
}

/** Looks what DNS there is. Rejects with KubeError. */
export async function findDns(
  client: KubeClient,
  { meshNamespace, signal }: { readonly meshNamespace: string; readonly signal: AbortSignal },
): Promise<FoundDns> {
  if (await hasOperator(client, signal)) {
    return { layout: findLayout({ workloads: [], hasOperator: true, meshNamespace }), workloads: [] };
  }
  const workloads: DnsWorkload[] = [];
  for (const kind of ['Deployment', 'DaemonSet'] satisfies WorkloadKind[]) {
    const objects = await client.list({ type: workloadTypes[kind], namespace: dnsNamespace }, { signal });
    for (const object of objects) {
      const workload = readWorkload(kind, object);
      if (workload !== undefined) workloads.push(workload);
    }
  }
  return { layout: findLayout({ workloads, hasOperator: false, meshNamespace }), workloads };
}

/** The workload whose pods read a place; undefined where that makes no difference. */
export function workloadOf(
  { workloads }: Pick<FoundDns, 'workloads'>,
  place: DnsPlace,
): DnsWorkload | undefined {
  if (!('workload' in place) || place.workload === undefined) return undefined;
  const { kind, namespace, name } = place.workload;
  return workloads.find((each) => each.kind === kind && each.namespace === namespace && each.name === name);
}
