// How many mesh ports there are, and how many of them are taken.

import type { PortRanges, PortTable } from '../../model/ports.ts';
import { countNumbers } from '../../model/slots.ts';
import type { TrafficType } from '../../model/topology.ts';

/** Mesh ports of one traffic type. */
export interface MeshPortCounts {
  readonly used: number;
  /** Freed, and not given away yet. */
  readonly resting: number;
  readonly free: number;
}

/** Counts the mesh ports of a traffic type. */
export function countMeshPorts(
  { table, ranges }: { readonly table: PortTable; readonly ranges: PortRanges },
  traffic: TrafficType,
): MeshPortCounts {
  const used = table[traffic].assigned.size;
  const resting = table[traffic].resting.size;
  // A port that rests outside ranges which were narrowed takes none of those that can be given.
  return { used, resting, free: Math.max(0, countNumbers(ranges[traffic]) - used - resting) };
}
