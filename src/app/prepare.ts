// Puts the mesh's names into a cluster's DNS once, for `maesh prepare`. The leader of a mesh does the same all the time.

import { readShadow } from '../apply/shadow-reading.ts';
import { services } from '../apply/shadow-calls.ts';
import type { PrepareOptions } from '../config/options.ts';
import { bringOnce, type Brought } from '../dns/bring-once.ts';
import type { MeshDns } from '../dns/corefile/mesh-dns.ts';
import { findDns, workloadOf } from '../dns/find-dns.ts';
import { placeTitle, type DnsPlace } from '../dns/layout.ts';
import { LongNames } from '../dns/long-names.ts';
import type { DnsPlan, FindObject } from '../dns/plan.ts';
import { objectKey, planPlace } from '../dns/plan-place.ts';
import { restartedOnce } from '../dns/restart-once.ts';
import { unknownDns } from '../dns/unknown-dns.ts';
import { resolveAccess } from '../kube/access.ts';
import { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { systemClock } from '../runtime/clock.ts';
import { stayAlive } from '../runtime/stay-alive.ts';

/** What came of a part. */
export interface PrepareStep {
  /** `trouble`: DNS does not know the mesh there, and somebody has to do something. */
  readonly kind: 'done' | 'trouble';
  readonly text: string;
  /** Lines to put in by hand, where that helps. */
  readonly byHand?: string | undefined;
}

/** How it is run. */
export interface PrepareRun {
  readonly signal: AbortSignal;
  /** Told of each part when it has come to its end. */
  readonly onStep: (step: PrepareStep) => void;
}

/**
 * Looks what DNS there is and has it know the mesh. Rejects with AccessError, and with KubeError where it can't be found out what
 * there is.
 */
export async function prepareCluster(options: PrepareOptions, { signal, onStep }: PrepareRun): Promise<void> {
  const { namespace, clusterDomain, meshDomains: domains, restartDNS } = options;
  using _ = stayAlive();
  const client = new KubeClient({ access: await resolveAccess(options) });
  try {
    const dns = await findDns(client, { meshNamespace: namespace, signal });
    const longNames = await recordedLongNames(client, namespace, signal);
    const mesh: MeshDns = { namespace, clusterDomain, domains, longNames };
    if (dns.layout.length === 0) {
      const { trouble: text, byHand } = unknownDns(mesh);
      onStep({ kind: 'trouble', text, byHand });
    }
    for (const place of dns.layout) {
      const workload = workloadOf(dns, place);
      const plan = (find: FindObject): DnsPlan => {
        const made = planPlace(place, find, mesh);
        return restartDNS ? restartedOnce(made, place, mesh) : made;
      };
      try {
        const done = await bringOnce({ client, place, workload, plan, clock: systemClock, signal });
        onStep(stepOf(place, done));
      } catch (error) {
        // One place must not hold the others up.
        if (!(error instanceof KubeError)) throw error;
        onStep({ kind: 'trouble', text: `${placeTitle(place)}: ${error.message}` });
      }
    }
  } finally {
    client.close();
  }
}

function stepOf(place: DnsPlace, done: Brought): PrepareStep {
  const { trouble } = done.plan;
  const title = placeTitle(place);
  if (trouble === undefined) return { kind: 'done', text: `${title}: ${outcomeText(done)}` };
  const { message, advice, byHand } = trouble;
  return { kind: 'trouble', text: `${title}: ${message}. ${advice}`, byHand };
}

function outcomeText({ plan, changed, isRestarted }: Brought): string {
  if (changed.length === 0 && !isRestarted) return "has the mesh's names already";
  const names =
    changed.length === 0 ? '' : `the mesh's names are in ${changed.map(objectKey).join(' and ')}; `;
  if (!isRestarted) return `${names}it reads that again by itself, within a minute or two`;
  const why =
    plan.restart?.onChange === true ? 'since they read that only when they start' : 'as was asked for';
  return `${names}its pods are being replaced, ${why}`;
}

/** Of the shadow Services that there are, so that what the leader of a running mesh has put in stays. */
async function recordedLongNames(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = new LongNames(namespace);
  const selection = { type: services, namespace, labelSelector: 'app=maesh,type=shadow' };
  for (const object of await client.list(selection, { signal })) {
    const service = readShadow(namespace, object)?.service;
    if (service !== undefined) names.set(service, true);
  }
  return names.current;
}
