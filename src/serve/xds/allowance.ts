// What one type of a stream may be sent at the moment: said by the stream, which knows the other types.

import type { Resource } from '../../translate/resources.ts';
import type { ResourceMap } from './snapshot.ts';

/**
 * What may be sent for now of a resource: it, or a part of it. The client holds one of these versions, or nothing of that
 * name where there are none.
 */
export type Limit = (resource: Resource, held: readonly string[]) => Resource;

/** What may go into the next response. */
export interface Allowance {
  /** Removals that are due since a later sequence than this one wait. Infinity: none waits. */
  readonly removeThrough: number;
  /** Where a resource that a client asks for is looked up if the newest map lacks it, in this order. */
  readonly spares: readonly ResourceMap[];
  /** Absent: everything may be sent as it is. */
  readonly limit?: Limit;
}

/** What there is to send of a name. */
export interface Pick {
  readonly resource: Resource | undefined;
  /** Whether a {@link Limit} makes it less than there is. */
  readonly isPart: boolean;
}

/** Nothing is to be sent. */
export const nothing: Pick = { resource: undefined, isPart: false };
