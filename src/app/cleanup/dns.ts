// A cluster's DNS as it was before the mesh.

import { bringOnce } from '../../dns/bring-once.ts';
import { replacePods } from '../../dns/carry-out.ts';
import { findDns, workloadOf, type FoundDns } from '../../dns/find-dns.ts';
import { placeTitle, type DnsPlace } from '../../dns/layout.ts';
import { objectKey, planRestored } from '../../dns/plan-place.ts';
import type { CleanupContext } from './clean-up.ts';
import { forEach } from './for-each.ts';

/** Takes the mesh's names out of DNS, whatever version it is of, one place after the other. Rejects with KubeError. */
export async function restoreDns(context: CleanupContext): Promise<void> {
  const { client, options, signal, onDone } = context;
  const dns = await findDns(client, { meshNamespace: options.namespace, signal });
  if (dns.layout.length === 0)
    onDone("The cluster's DNS is of no kind that Maesh knows, so nothing was put there");
  await forEach(dns.layout, 1, (place) => restore(place, dns, context));
}

async function restore(
  place: DnsPlace,
  dns: FoundDns,
  { client, options, clock, signal, onDone }: CleanupContext,
): Promise<void> {
  const { namespace, meshDomains: domains } = options;
  const workload = workloadOf(dns, place);
  const { changed } = await bringOnce({
    client,
    place,
    workload: undefined,
    plan: (find) => planRestored(place, find, { namespace, domains }),
    clock,
    signal,
  });
  if (workload?.restartedFor !== undefined) {
    await replacePods(workload, { client, configuration: undefined, signal });
  }
  const names = changed.map(objectKey).join(' and ');
  onDone(
    `${placeTitle(place)}: ${names === '' ? "has none of the mesh's names" : `the mesh's names are out of ${names}`}`,
  );
}
