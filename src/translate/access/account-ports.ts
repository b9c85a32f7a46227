// The parts of a service port that rules tell apart by the service accounts of its pods, each as a port with a cluster.

import type { ServicePort } from '../../model/topology.ts';
import { accountsClusterName } from '../names.ts';
import { connectionParts } from './connection-reach.ts';
import { reachesOf } from './reach.ts';

/** The parts, each once; none where all of the port's pods are of one account, or access isn't controlled. */
export function accountPorts<P extends ServicePort>(port: P): readonly P[] {
  if (port.traffic !== 'http') return connectionParts(port);
  const parts = new Map<string, P>();
  for (const { accounts } of reachesOf(port.access ?? []) ?? []) {
    if (accounts === undefined) continue;
    const key = accountsClusterName(port.key, accounts);
    const endpoints = port.endpoints.filter(
      ({ account }) => account !== undefined && accounts.includes(account),
    );
    parts.set(key, { ...port, key, endpoints });
  }
  return [...parts.values()];
}
