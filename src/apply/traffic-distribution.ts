// How a server can be told to prefer near endpoints: by what its version takes.

import type { TrafficDistribution } from './shadow.ts';

/**
 * `PreferSameNode` from Kubernetes 1.34 on (KEP-3015: on by default there), `PreferClose` from 1.31 on (KEP-4444), nothing
 * before, where any proxy may be called.
 */
export function trafficDistributionOf(version: {
  readonly major: number;
  readonly minor: number;
}): TrafficDistribution {
  const isFrom = (minor: number): boolean =>
    version.major > 1 || (version.major === 1 && version.minor >= minor);
  if (isFrom(34)) return 'PreferSameNode';
  return isFrom(31) ? 'PreferClose' : undefined;
}
