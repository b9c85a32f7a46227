// Mesh ports on record in the cluster: what shadow Services say counts for more than what this process would hand out,
// so that every replica and every restart agrees with what callers are sent to.

import type { PortKey } from './key.ts';
import type { SharedPort } from './topology.ts';

/** Service port → mesh port that callers are sent to, as shadow Services in the cluster say; not only of services that are still there. */
export type RecordedPorts = ReadonlyMap<PortKey, number>;

/**
 * The move of an HTTP service port from a mesh port that it shares to one of its own. From the time when it is on record
 * to the time when it is there no more, both are served; callers are sent to one, and later to the other.
 */
export interface PortMove {
  readonly from: number;
  readonly to: number;
}

/** Service ports that are moving. */
export type PortMoves = ReadonlyMap<PortKey, PortMove>;

/** What has a mesh port on record that rests: no service port, so that nobody is given or served by it. */
export function restingKey(meshPort: number, protocol: 'TCP' | 'UDP'): PortKey {
  return `/resting/${meshPort}${protocol === 'UDP' ? '/udp' : ''}`;
}

/**
 * The key that has a shared port, so that nobody else gets it. It has to be wanted for as long as the port is shared, and the
 * port rests like any other after that.
 */
export function sharedKey(port: number): PortKey {
  return `shared/${port}`;
}

/** What is on record. */
export interface Recorded {
  readonly ports: RecordedPorts;
  readonly moves: PortMoves;
}

/** Where a service port is served. */
export interface Places {
  /** The mesh port that stands for it alone. */
  readonly own: number | undefined;
  /** Sorted by port. */
  readonly shared: readonly SharedPort[];
}

/** Mesh ports that several service ports have, by number. */
export type SharedPorts = ReadonlyMap<number, SharedPort>;
