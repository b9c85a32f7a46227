// The kinds of the Service Mesh Interface: whether the cluster has them, and in versions that Maesh reads.

import { firstServed, isServed, servedVersions } from '../kube/discovery.ts';
import type { Kind } from '../model/objects.ts';
import { kindsWithStatus } from '../source/kubernetes/with-identity.ts';
import { kindParsers } from '../source/parse/kinds.ts';
import type { Cluster } from './cluster.ts';
import type { SmiKind } from './controller-needs.ts';
import { warning, well, wrong, type Finding } from './finding.ts';

/** What lets callers in: without it, nobody may call anybody where access is controlled. */
const accessKinds: ReadonlySet<Kind> = new Set(['TrafficTarget', 'HTTPRouteGroup', 'TCPRoute']);

const crdAdvice =
  "Apply the definitions that come with the chart, in its folder crds: Helm installs them once and doesn't update them.";

/** `smi-served`. */
export async function servedKinds(cluster: Cluster): Promise<Finding> {
  const faults: { readonly kind: Kind; readonly text: string }[] = [];
  const served: string[] = [];
  for (const kind of kindsWithStatus) {
    const { group, versions } = kindParsers[kind];
    const version = await servedVersion(cluster, kind);
    if (version !== undefined) served.push(`${kind} ${version}`);
    else {
      const others = await servedVersions(cluster.client, group);
      const has = others.length === 0 ? '' : `; its group is served in ${others.join(', ')}`;
      faults.push({ kind, text: `${kind} is not served in ${versions.join(', ')}${has}` });
    }
  }
  if (faults.length === 0) return well(served.join(', '));
  const isAccessControlled = (await cluster.leader())?.about.cluster.acl ?? false;
  const fault = {
    message: `${faults.length} of ${kindsWithStatus.length} kinds are not there`,
    details: faults.map(({ text }) => text),
    advice: `Nothing that they say takes effect. ${crdAdvice}`,
  };
  if (!isAccessControlled || !faults.some(({ kind }) => accessKinds.has(kind))) return warning(fault);
  return wrong({
    ...fault,
    advice: `Access is controlled, and nobody can be let in without them. ${crdAdvice}`,
  });
}

/** `smi-status`. */
export async function statusOfKinds(cluster: Cluster): Promise<Finding> {
  const kinds = await servedSmiKinds(cluster);
  if (kinds.length === 0) return well('none of them is served');
  const without = kinds.filter(({ hasStatus }) => !hasStatus);
  if (without.length === 0) return well(`${kinds.length} of ${kinds.length} kinds`);
  return warning({
    message: `${without.length} of ${kinds.length} kinds have none`,
    details: without.map(({ kind }) => `${kind} has no status`),
    advice: `What is wrong with such an object is said in Events only. ${crdAdvice}`,
  });
}

/** The kinds that are served in a version that is read. */
export async function servedSmiKinds(cluster: Cluster): Promise<readonly SmiKind[]> {
  const kinds: SmiKind[] = [];
  for (const kind of kindsWithStatus) {
    const version = await servedVersion(cluster, kind);
    if (version === undefined) continue;
    const { group, plural } = kindParsers[kind];
    const hasStatus = await isServed(cluster.client, { group, version, plural }, { subresource: 'status' });
    kinds.push({ kind, hasStatus });
  }
  return kinds;
}

async function servedVersion({ client }: Cluster, kind: Kind): Promise<string | undefined> {
  const { group, plural, versions } = kindParsers[kind];
  return await firstServed(client, { group, plural }, { versions });
}
