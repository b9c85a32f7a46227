// The domains of a mesh and that of its cluster: the mesh answers for all names in its own, so these may not be the cluster's.

import type { Mistake } from './mistake.ts';
import type { NameOptions } from './options.ts';

/** Below the cluster's domain, what names of its own lie in. */
const ownZones = ['svc', 'pod'];

/** A mistake for each domain that names of the cluster lie in: no pod could resolve these any more. */
export function takenDomains({
  meshDomains,
  clusterDomain,
}: Pick<NameOptions, 'meshDomains' | 'clusterDomain'>): readonly Mistake[] {
  return meshDomains
    .filter((domain) => ownZones.some((zone) => overlap(domain, `${zone}.${clusterDomain}`)))
    .map((domain) => ({
      what: `--meshDomains ${domain}`,
      why: `the cluster's own names lie there (--clusterDomain ${clusterDomain}), and the mesh would answer for them`,
      advice: 'give a domain that nothing else is in',
    }));
}

function overlap(a: string, b: string): boolean {
  return `.${a}`.endsWith(`.${b}`) || `.${b}`.endsWith(`.${a}`);
}
