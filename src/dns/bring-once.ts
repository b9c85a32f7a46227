// A place of a cluster's DNS, brought to what it should be once, by a command.

import type { ApiObject } from '../kube/api-object.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { carryOut, type CarriedOut, type Restartable } from './carry-out.ts';
import type { DnsPlace } from './layout.ts';
import type { DnsPlan, FindObject } from './plan.ts';
import { objectKey, objectsOf } from './plan-place.ts';

/** What is done where. */
export interface BringOnceOptions {
  readonly client: KubeClient;
  readonly place: DnsPlace;
  /** Whose pods are replaced where they don't read their configuration again; undefined for none. */
  readonly workload: Restartable | undefined;
  readonly plan: (find: FindObject) => DnsPlan;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What was planned in the end, and what was done. */
export interface Brought extends CarriedOut {
  readonly plan: DnsPlan;
}

/** How often it is begun anew because somebody else wrote meanwhile. */
const maxAttempts = 10;

/** Reads, plans and writes, and does so anew where somebody else wrote meanwhile. Rejects with KubeError. */
export async function bringOnce(options: BringOnceOptions): Promise<Brought> {
  const { client, place, workload, plan: make, clock, signal } = options;
  const backoff = new Backoff({ clock, firstMs: 50, maxMs: 1_000 });
  for (let attempt = 1; ; attempt++) {
    try {
      const plan = make(await readObjects(client, objectsOf(place), signal));
      const done = await carryOut(plan, { client, workload, signal });
      return { plan, ...done };
    } catch (error) {
      const isOutdated = error instanceof KubeError && (error.status === 409 || error.status === 404);
      if (!isOutdated || attempt === maxAttempts || signal.aborted) throw error;
      await backoff.wait(signal);
    }
  }
}

async function readObjects(
  client: KubeClient,
  names: readonly ObjectName[],
  signal: AbortSignal,
): Promise<FindObject> {
  const objects = new Map<string, ApiObject>();
  for (const name of names) {
    try {
      objects.set(objectKey(name), await client.get(name, { signal }));
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
    }
  }
  return (name) => objects.get(objectKey(name));
}
