// Mesh ports that are on record in the cluster: what shadow Services say counts for more than what this process would
// hand out, so that every replica and every restart agrees with what callers are sent to.

import type { Claims } from './recorded.ts';
import type { PortKey } from './key.ts';
import { sameOrNext, type PortTable } from './ports.ts';
import type { Slots } from './slots.ts';

/**
 * The table with what is on record in it: a mesh port is assigned to whom it belongs, whatever the table said of either, and
 * one that is shared to a key of its own. What the table has handed out beyond that stays, unless its port is claimed. Pure.
 */
export function overlayRecorded(table: PortTable, { owners, shared }: Claims): PortTable {
  const http = new Map(owners.http);
  for (const port of shared.keys()) http.set(port, sharedKey(port));
  return sameOrNext(table, {
    http: overlay(table.http, http),
    tcp: overlay(table.tcp, owners.tcp),
    udp: overlay(table.udp, owners.udp),
  });
}

/**
 * The key that has a shared port, so that nobody else gets it. It has to be wanted for as long as the port is shared, and the
 * port rests like any other after that.
 */
export function sharedKey(port: number): PortKey {
  return `shared/${port}`;
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
