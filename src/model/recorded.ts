// Mesh ports that are on record in the cluster: what shadow Services say counts for more than what this process would
// hand out, so that every replica and every restart agrees with what callers are sent to.

import { byText, type PortKey } from './key.ts';
import {
  blockOf,
  sameOrNext,
  type ByTraffic,
  type PortRange,
  type PortRanges,
  type PortTable,
} from './ports.ts';
import type { Slots } from './slots.ts';
import type { TrafficType } from './topology.ts';

/** Service port → mesh port, as shadow Services in the cluster say; not only of services that are still there. */
export type RecordedPorts = ReadonlyMap<PortKey, number>;

/**
 * The table with what is on record in it: a recorded port is assigned, whatever the table said of its key or of the
 * port. Of two keys that claim one port, the one that sorts first has it, and the other is left without; a port that lies
 * in no range of its protocol is passed over. What the table has handed out beyond that stays, unless its port is
 * claimed. Pure.
 */
export function overlayRecorded(table: PortTable, recorded: RecordedPorts, ranges: PortRanges): PortTable {
  const claims: ByTraffic<Map<number, PortKey>> = { http: new Map(), tcp: new Map(), udp: new Map() };
  for (const [key, port] of [...recorded].toSorted(([a], [b]) => byText(a, b))) {
    const traffic = trafficOf(key, port, ranges);
    if (traffic !== undefined && !claims[traffic].has(port)) claims[traffic].set(port, key);
  }
  return sameOrNext(table, {
    http: overlay(table.http, claims.http),
    tcp: overlay(table.tcp, claims.tcp),
    udp: overlay(table.udp, claims.udp),
  });
}

/**
 * What of the record may be served: without the ports that several service ports of one protocol claim, as those of the
 * original's HTTP services do. Until the others have moved, nobody can tell for whom such a port is called, and a refused
 * call is better than one that reaches another service.
 */
export function uncontested(recorded: RecordedPorts): RecordedPorts {
  const claims = new Map<string, number>();
  const claimOf = (key: PortKey, port: number): string => `${port}${key.endsWith('/udp') ? '/udp' : ''}`;
  for (const [key, port] of recorded) {
    const claim = claimOf(key, port);
    claims.set(claim, (claims.get(claim) ?? 0) + 1);
  }
  return new Map(recorded.entries().filter(([key, port]) => claims.get(claimOf(key, port)) === 1));
}

/** Which traffic type a recorded port is of: its range says so, as in the original. */
function trafficOf(key: PortKey, port: number, ranges: PortRanges): TrafficType | undefined {
  const isIn = (range: readonly PortRange[]): boolean => blockOf(range, port) !== undefined;
  if (key.endsWith('/udp')) return isIn(ranges.udp) ? 'udp' : undefined;
  if (isIn(ranges.http)) return 'http';
  return isIn(ranges.tcp) ? 'tcp' : undefined;
}

function overlay(slots: Slots, claims: ReadonlyMap<number, PortKey>): Slots {
  const assigned = new Map<PortKey, number>();
  for (const [port, key] of claims) if (!assigned.has(key)) assigned.set(key, port);
  for (const [key, port] of slots.assigned) {
    if (!assigned.has(key) && !claims.has(port)) assigned.set(key, port);
  }
  const resting = [...slots.resting].filter((port) => !claims.has(port));
  const isSame =
    resting.length === slots.resting.size &&
    assigned.size === slots.assigned.size &&
    slots.assigned.entries().every(([key, port]) => assigned.get(key) === port);
  return isSame ? slots : { assigned, resting: new Set(resting) };
}
