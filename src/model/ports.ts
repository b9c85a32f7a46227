// Mesh ports: which port of every proxy stands for which service port. Ports are handed out in blocks of 256, because
// a block is one listener of the proxy; a port never moves while its service port lives, and a freed port rests until
// every connected proxy has acknowledged that it is gone.

import { byText, type PortKey } from './key.ts';
import type { TrafficType } from './topology.ts';

/** Number of ports of a block. Envoy's listener has one address and up to 255 more. */
export const blockSize = 256;

/** Ports from `first` to `last`, both included. Its blocks start at `first`, `first + 256`, and so on. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Where ports may be taken from, for each traffic type, in the order in which they are taken. */
export interface PortRanges {
  readonly http: readonly PortRange[];
  readonly tcp: readonly PortRange[];
  readonly udp: readonly PortRange[];
}

/**
 * The ports of a cluster's proxies. They begin where the original's do (5000, 10000, 15000/udp) and go on where it
 * had none; the proxy's own ports (8080, 9000 and their like) lie in a gap of the first range.
 * All stay below 32768, where Linux begins to take ports for outgoing connections.
 */
export const clusterPorts: PortRanges = {
  http: [
    { first: 5000, last: 7999 },
    { first: 20_000, last: 32_767 },
  ],
  tcp: [{ first: 10_000, last: 19_999 }],
  udp: [{ first: 15_000, last: 32_767 }],
};

/**
 * The ports of a standalone mesh. They leave out those that programs on a developer's machine like to take
 * (5000, 5432, 8080 and their like), since a block is open whether or not all its ports are used.
 */
export const standalonePorts: PortRanges = {
  http: [{ first: 20_000, last: 27_679 }],
  tcp: [{ first: 27_680, last: 32_767 }],
  udp: [{ first: 20_000, last: 32_767 }],
};

/** The ports of a range set without those beyond the first `limit` of a type (flags `--limitHTTPPort` and its like). */
export function limitPorts(ranges: readonly PortRange[], limit: number): readonly PortRange[] {
  const limited: PortRange[] = [];
  let left = limit;
  for (const { first, last } of ranges) {
    if (left <= 0) break;
    const taken = Math.min(left, last - first + 1);
    limited.push({ first, last: first + taken - 1 });
    left -= taken;
  }
  return limited;
}

/** The block that a mesh port lies in, as a range; undefined where the port is in none of the ranges. */
export function blockOf(ranges: readonly PortRange[], port: number): PortRange | undefined {
  const range = ranges.find(({ first, last }) => first <= port && port <= last);
  if (range === undefined) return undefined;
  const first = port - ((port - range.first) % blockSize);
  return { first, last: Math.min(first + blockSize - 1, range.last) };
}

/** Which port stands for which service port. */
export interface PortTable {
  readonly http: PortsOfType;
  readonly tcp: PortsOfType;
  readonly udp: PortsOfType;
}

export interface PortsOfType {
  /** Ports in use. */
  readonly assigned: ReadonlyMap<PortKey, number>;
  /** Ports whose service port is gone but which some proxy may still serve: not given away yet. */
  readonly resting: ReadonlySet<number>;
}

const noPorts: PortsOfType = { assigned: new Map(), resting: new Set() };

/** A table in which no port is taken. */
export const emptyPortTable: PortTable = { http: noPorts, tcp: noPorts, udp: noPorts };

/** Service ports that want a mesh port, by type. */
export type WantedPorts = Readonly<Record<TrafficType, Iterable<PortKey>>>;

/**
 * Gives every wanted service port a mesh port: the one it has, where it lies in the ranges, else the lowest that is
 * neither taken nor resting. Those that no longer want one free theirs, which rests until {@link releasePorts}.
 * Pure, and independent of the order in which ports are wanted: where ports run out, keys that sort first get them.
 *
 * @returns the next table (the same reference where nothing changed), and the keys for which no port was left.
 */
export function assignPorts(
  previous: PortTable,
  wanted: WantedPorts,
  ranges: PortRanges,
): { readonly table: PortTable; readonly unassigned: readonly PortKey[] } {
  const unassigned: PortKey[] = [];
  const http = assignType(previous.http, wanted.http, ranges.http, unassigned);
  const tcp = assignType(previous.tcp, wanted.tcp, ranges.tcp, unassigned);
  const udp = assignType(previous.udp, wanted.udp, ranges.udp, unassigned);
  const unchanged = http === previous.http && tcp === previous.tcp && udp === previous.udp;
  return { table: unchanged ? previous : { http, tcp, udp }, unassigned };
}

/** Ends the rest of ports: they may be given away again. */
export function releasePorts(
  table: PortTable,
  released: Readonly<Record<TrafficType, Iterable<number>>>,
): PortTable {
  const release = (ports: PortsOfType, gone: Iterable<number>): PortsOfType => {
    const resting = new Set(ports.resting);
    for (const port of gone) resting.delete(port);
    return resting.size === ports.resting.size ? ports : { assigned: ports.assigned, resting };
  };
  const next = {
    http: release(table.http, released.http),
    tcp: release(table.tcp, released.tcp),
    udp: release(table.udp, released.udp),
  };
  const unchanged = next.http === table.http && next.tcp === table.tcp && next.udp === table.udp;
  return unchanged ? table : next;
}

function assignType(
  previous: PortsOfType,
  wanted: Iterable<PortKey>,
  ranges: readonly PortRange[],
  unassigned: PortKey[],
): PortsOfType {
  const wantedKeys = new Set(wanted);
  const assigned = new Map<PortKey, number>();
  const resting = new Set(previous.resting);
  const unavailable = new Set(previous.resting);
  for (const [key, port] of previous.assigned) {
    const isKept = wantedKeys.delete(key) && blockOf(ranges, port) !== undefined;
    if (isKept) assigned.set(key, port);
    else resting.add(port);
    // A port whose key is still wanted but lies outside the ranges moves: the key wants a new one.
    if (!isKept && blockOf(ranges, port) === undefined) wantedKeys.add(key);
    unavailable.add(port);
  }
  const free = freePorts(ranges, unavailable);
  for (const key of [...wantedKeys].toSorted(byText)) {
    const next = free.next();
    if (next.done === true) unassigned.push(key);
    else assigned.set(key, next.value);
  }
  const unchanged =
    resting.size === previous.resting.size &&
    assigned.size === previous.assigned.size &&
    [...assigned].every(([key, port]) => previous.assigned.get(key) === port);
  return unchanged ? previous : { assigned, resting };
}

function* freePorts(ranges: readonly PortRange[], unavailable: ReadonlySet<number>): Generator<number> {
  for (const { first, last } of ranges) {
    for (let port = first; port <= last; port++) if (!unavailable.has(port)) yield port;
  }
}
