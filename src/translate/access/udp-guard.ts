// Whose datagrams a UDP port takes, and to which pods they go.

import type { Matcher } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { clusterName, type ServedPort } from '../names.ts';
import { udpRoute } from '../udp.ts';
import { byCaller } from './caller-matcher.ts';
import { connectionReaches, partOf } from './connection-reach.ts';
import type { Callers } from './tcp-guard.ts';

/** The matcher of a listener with this port. */
export function udpGuard(port: ServedPort, callers: Callers): Matcher {
  const matches = connectionReaches(port).map((reach) => ({
    addresses: reach.sources.flatMap((source) => callers.get(source) ?? []),
    onMatch: udpRoute(clusterName(partOf(port, reach))),
  }));
  return byCaller(matches.filter(({ addresses }) => addresses.length > 0));
}

/**
 * The port with the same pod for a sender, wherever nothing else is asked for: its datagrams are to come to the pod that
 * others of it came to when the listener changes with who may send. A split is by weight, not by sender.
 */
export function withSteadyPods(port: ServedPort): ServedPort {
  const { affinity, loadBalancing } = port.policy ?? {};
  if (port.traffic !== 'udp' || port.splits !== undefined) return port;
  if (affinity !== undefined || loadBalancing !== undefined) return port;
  return { ...port, policy: { ...port.policy, affinity: { by: 'source' } } };
}
