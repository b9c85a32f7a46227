// What the record says of one service port, as far as it counts.

import type { PortKey } from './key.ts';
import { blockOf, type PortRange, type PortRanges } from './ports.ts';
import type { PortMove, Recorded } from './recorded.ts';
import type { TrafficType } from './topology.ts';

/** The mesh ports that a service port has on record. */
export interface RecordEntry {
  readonly traffic: TrafficType;
  /** The one that it has or moves to. */
  readonly own: number;
  /** The one that it moves from. */
  readonly from: number | undefined;
  /** Where callers are sent: one of the two. */
  readonly target: number;
}

/** What is on record of a service port; undefined where nothing is, or a port that lies in no range of its protocol. */
export function entryOf(
  key: PortKey,
  { ports, moves }: Recorded,
  ranges: PortRanges,
): RecordEntry | undefined {
  const target = ports.get(key);
  const traffic = target === undefined ? undefined : trafficOf(key, target, ranges);
  if (target === undefined || traffic === undefined) return undefined;
  const move = validMove(moves.get(key), { key, target, ranges });
  return { traffic, own: move?.to ?? target, from: move?.from, target };
}

/** Whether two entries say the same. */
export function isSameEntry(a: RecordEntry | undefined, b: RecordEntry | undefined): boolean {
  return a?.traffic === b?.traffic && a?.own === b?.own && a?.from === b?.from && a?.target === b?.target;
}

/** A move counts where callers are sent to one of its two ends, and both are ports for HTTP. */
function validMove(
  move: PortMove | undefined,
  { key, target, ranges }: { readonly key: PortKey; readonly target: number; readonly ranges: PortRanges },
): PortMove | undefined {
  if (move === undefined || move.from === move.to) return undefined;
  const ends = [move.from, move.to];
  const isValid = ends.includes(target) && ends.every((port) => trafficOf(key, port, ranges) === 'http');
  return isValid ? move : undefined;
}

/** Which traffic type a recorded port is of: its range says so, as in the original. */
function trafficOf(key: PortKey, port: number, ranges: PortRanges): TrafficType | undefined {
  const isIn = (range: readonly PortRange[]): boolean => blockOf(range, port) !== undefined;
  if (key.endsWith('/udp')) return isIn(ranges.udp) ? 'udp' : undefined;
  if (isIn(ranges.http)) return 'http';
  return isIn(ranges.tcp) ? 'tcp' : undefined;
}
