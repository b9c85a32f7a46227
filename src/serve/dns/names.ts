// The names of a topology, for the DNS server.

import { objectKey } from '../../model/key.ts';
import type { Topology } from '../../model/topology.ts';
import type { Names } from './zone.ts';

/**
 * The names of whatever topology there is when they are asked for; not ready while there is none. A service without a
 * local address has no name here.
 */
export function namesOf(topology: () => Topology | undefined): Names {
  const namespaces = new WeakMap<Topology, ReadonlySet<string>>();
  const namespacesOf = (current: Topology): ReadonlySet<string> => {
    const known = namespaces.get(current);
    if (known !== undefined) return known;
    const found = new Set<string>();
    for (const service of current.services.values()) {
      if (service.localAddress !== undefined) found.add(service.namespace);
    }
    namespaces.set(current, found);
    return found;
  };
  return {
    isReady: () => topology() !== undefined,
    lookup: (namespace, service) => topology()?.services.get(objectKey(namespace, service))?.localAddress,
    hasNamespace(namespace) {
      const current = topology();
      return current !== undefined && namespacesOf(current).has(namespace);
    },
  };
}
