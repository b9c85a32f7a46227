// What of endpoints may be sent where access is controlled, so that nobody who is denied reaches one for a moment. A proxy
// decides by listeners and routes, its users of endpoints, who gets through, and it gets these before or after endpoints.

import { withinKinds } from '../../translate/access/endpoint-kinds.ts';
import type { Limit } from './allowance.ts';
import type { ResourceMap } from './snapshot.ts';

/**
 * Endpoints of kinds of which there are none in the target have to go before its users are sent, since these may let callers
 * in whom such endpoints deny. Those of kinds that are new have to wait until the users that may know nothing of them are
 * gone: those of `users`, or, where the proxy is between two or it isn't known what it has, those with whom it has got on
 * so far. A proxy that holds nothing has no users.
 *
 * @param endpoints by the snapshot that they are of.
 */
export function accessFence(endpoints: {
  readonly target: ResourceMap;
  /** Undefined where it isn't certain that all users are those of one snapshot. */
  readonly users: ResourceMap | undefined;
}): Limit {
  const { target, users } = endpoints;
  return (resource, held) => {
    if (resource.port === undefined) return resource;
    const inTarget = target.get(resource.name);
    const withUsers = users === undefined ? held : [users.get(resource.name)?.version];
    const versions = [inTarget?.version, ...withUsers].filter((version) => version !== undefined);
    return withinKinds(resource, versions);
  };
}
