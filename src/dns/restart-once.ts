// A restart that nobody needs and somebody asked for, so that the mesh's names are known at once. By itself CoreDNS knows them
// in a minute or two: a kubelet brings a changed ConfigMap into pods with its next sync (60 s and more), and `reload` looks
// every 30 to 45 s.
//
// There is nothing milder. A kubelet syncs a pod at once when an annotation of it changes (kubernetes.io, "Configure a Pod to
// Use a ConfigMap"), but that takes the right to change any pod of kube-system, and leaves `reload`, which nobody can hurry
// from outside of the container (it takes SIGUSR1): no 15 s.

import { createHash } from 'node:crypto';

import type { MeshDns } from './corefile/mesh-dns.ts';
import type { DnsPlace } from './layout.ts';
import type { DnsPlan } from './plan.ts';

/**
 * A plan by which the pods of a cluster's CoreDNS are replaced once for a mesh, also where they would read its names by
 * themselves. What changes later (services with long names, what somebody broke) they read without that. A NodeLocal DNSCache
 * is not restarted, since the look-ups of a whole node wait for each of its pods; kube-dns looks every ten seconds anyway, and
 * under an operator pods are the operator's.
 */
export function restartedOnce(
  plan: DnsPlan,
  place: DnsPlace,
  { namespace, clusterDomain, domains }: MeshDns,
): DnsPlan {
  if (place.kind !== 'corefile' || plan.trouble !== undefined || plan.restart !== undefined) return plan;
  const mesh = JSON.stringify([namespace, clusterDomain, domains]);
  const hash = createHash('sha256').update(mesh).digest('hex').slice(0, 12);
  return { ...plan, restart: { for: hash, onChange: false } };
}
