// A cluster's DNS as it was before the mesh.

import { bringOnce } from '../../dns/bring-once.ts';
import { replacePods } from '../../dns/carry-out.ts';
import { findDns, workloadOf } from '../../dns/find-dns.ts';
import { placeTitle } from '../../dns/layout.ts';
import { objectKey, planRestored } from '../../dns/plan-place.ts';
import type { CleanupContext } from './clean-up.ts';

/** Takes the mesh's names out of DNS, whatever version it is of. Returns what was done. Rejects with KubeError. */
export async function restoreDns({
  client,
  options,
  clock,
  signal,
}: CleanupContext): Promise<readonly string[]> {
  const { namespace, meshDomains: domains } = options;
  const dns = await findDns(client, { meshNamespace: namespace, signal });
  const said: string[] = [];
  for (const place of dns.layout) {
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
    said.push(
      `${placeTitle(place)}: ${names === '' ? "has none of the mesh's names" : `the mesh's names are out of ${names}`}`,
    );
  }
  return said.length === 0
    ? ["The cluster's DNS is of no kind that Maesh knows, so nothing was put there"]
    : said;
}
