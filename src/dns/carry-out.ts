// Plans, as an API server takes them.

import type { KubeClient, ObjectName } from '../kube/client.ts';
import type { WorkloadName } from './layout.ts';
import type { DnsPlan, DnsWrite } from './plan.ts';
import { restartedForAnnotation, workloadTypes } from './workload.ts';

/** A workload, and for which configuration its pods were replaced last. */
export type Restartable = WorkloadName & { readonly restartedFor: string | undefined };

/** Who carries plans out, and whose pods read what they write. */
export interface CarryOutOptions {
  readonly client: KubeClient;
  /** Undefined where no pods have to be replaced. */
  readonly workload: Restartable | undefined;
  readonly signal: AbortSignal;
}

/** What was done. */
export interface CarriedOut {
  readonly changed: readonly ObjectName[];
  /** Whether the pods are being replaced. */
  readonly isRestarted: boolean;
}

/**
 * Carries a plan out. Rejects with KubeError: `Conflict`, `AlreadyExists` or `NotFound` where it was made for another state.
 * What was written by then stays; pods that have to be replaced for it are found by the next plan.
 */
export async function carryOut(plan: DnsPlan, options: CarryOutOptions): Promise<CarriedOut> {
  const { workload } = options;
  const changed: ObjectName[] = [];
  let version = '';
  for (const write of plan.writes) {
    version = await writeOne(write, options);
    changed.push(write.object);
  }
  const { restart } = plan;
  const isForChange = changed.length > 0 && restart?.onChange === true;
  const isStarted = !isForChange && !needsRestart(plan, workload);
  if (workload === undefined || restart === undefined || isStarted) return { changed, isRestarted: false };
  // What was there before and came back needs a restart as well: the pods may have been started in between.
  const configuration = isForChange ? `${restart.for}-${version}` : restart.for;
  await replacePods(workload, { ...options, configuration });
  return { changed, isRestarted: true };
}

/** Whether pods have to be replaced although there is nothing to be written. */
export function needsRestart({ restart }: DnsPlan, workload: Restartable | undefined): boolean {
  if (workload === undefined || restart === undefined) return false;
  return workload.restartedFor?.startsWith(restart.for) !== true;
}

/** Has the pods of a workload replaced, one after the other; without a configuration, as they were before the first time. */
export async function replacePods(
  { kind, namespace, name }: WorkloadName,
  {
    client,
    configuration,
    signal,
  }: Pick<CarryOutOptions, 'client' | 'signal'> & { readonly configuration: string | undefined },
): Promise<void> {
  const annotations = { [restartedForAnnotation]: configuration ?? null };
  const patch = { spec: { template: { metadata: { annotations } } } };
  await client.patch({ type: workloadTypes[kind], namespace, name }, patch, { signal });
}

/** Returns the version that was made; empty for none. */
async function writeOne(write: DnsWrite, { client, signal }: CarryOutOptions): Promise<string> {
  switch (write.kind) {
    case 'create':
      return (await client.create(write.object.type, write.manifest, { signal })).metadata.resourceVersion;
    case 'patch': {
      const { object, patch, resourceVersion } = write;
      return (await client.patch(object, patch, { resourceVersion, signal })).metadata.resourceVersion;
    }
    default:
      await client.delete(write.object, { resourceVersion: write.resourceVersion, signal });
      return '';
  }
}
