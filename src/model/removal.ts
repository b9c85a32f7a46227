// Whether a change takes an endpoint away: such a change is never held back, since callers would be sent to it meanwhile.

import type { KubeObject } from './objects.ts';

/** Whether some address to which the old object sent is no longer in the new one. */
export function takesEndpointsAway(old: KubeObject | undefined, next: KubeObject | undefined): boolean {
  const before = addressesOf(old);
  if (before.length === 0) return false;
  const after = new Set(addressesOf(next));
  return before.some((address) => !after.has(address));
}

function addressesOf(object: KubeObject | undefined): readonly string[] {
  switch (object?.kind) {
    case 'EndpointSlice':
      return object.endpoints.filter(({ ready }) => ready).flatMap(({ addresses }) => addresses);
    case 'Endpoints':
      return object.subsets.flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
    case 'Pod':
      return object.ready && !object.terminating && !object.finished ? object.ips : [];
    default:
      return [];
  }
}
