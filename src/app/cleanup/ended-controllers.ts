// Waits until no controller of a mesh runs any more: one that is still ending would make anew what is taken away.

import { replicaLabels } from '../../apply/replica-lease.ts';
import { isRecord, type ApiObject } from '../../kube/api-object.ts';
import type { KubeClient } from '../../kube/client.ts';
import { leases } from '../../kube/lease-record.ts';
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';

/** Where to look, and for how long. */
export interface EndedControllersOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** The Lease of the election. */
  readonly leaseName: string;
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How often it is looked. */
const lookMs = 500;

/** The Leases of a mesh: that of the election, and one for each replica. Rejects with KubeError. */
export async function findLeases({
  client,
  namespace,
  leaseName,
  signal,
}: Pick<EndedControllersOptions, 'client' | 'namespace' | 'leaseName' | 'signal'>): Promise<
  readonly ApiObject[]
> {
  const labelSelector = Object.entries(replicaLabels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const replicas = await client.list({ type: leases, namespace, labelSelector }, { signal });
  const fieldSelector = `metadata.name=${leaseName}`;
  const election = await client.list({ type: leases, namespace, fieldSelector }, { signal });
  return [...election, ...replicas];
}

/**
 * Waits. Returns the Leases that are still renewed when the time is over; none where no controller runs. A Lease that
 * nobody has renewed for as long as it says is that of one that crashed. Rejects with KubeError, and after an abort with its
 * reason.
 */
export async function endedControllers(options: EndedControllersOptions): Promise<readonly string[]> {
  const { clock, limitMs, signal } = options;
  const start = clock.now();
  const seen = new Map<string, { readonly version: string; readonly at: number }>();
  for (;;) {
    const running = (await findLeases(options)).filter((lease) => {
      const { name, resourceVersion: version } = lease.metadata;
      const before = seen.get(name);
      if (before?.version !== version) seen.set(name, { version, at: clock.now() });
      const sinceMs = clock.now() - (seen.get(name)?.at ?? 0);
      return isHeld(lease) && sinceMs < durationMs(lease);
    });
    const isOver = clock.now() - start >= limitMs;
    if (running.length === 0 || isOver) return running.map(({ metadata }) => metadata.name);
    await sleep(lookMs, { clock, signal });
  }
}

function isHeld({ spec }: ApiObject): boolean {
  const holder = isRecord(spec) ? spec['holderIdentity'] : undefined;
  return typeof holder === 'string' && holder !== '';
}

function durationMs({ spec }: ApiObject): number {
  const seconds = isRecord(spec) ? spec['leaseDurationSeconds'] : undefined;
  return typeof seconds === 'number' ? seconds * 1000 : 0;
}
