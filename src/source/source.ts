// The contract between the world that says what the mesh is (a folder of manifests, a Kubernetes API server) and the rest.

import type { Offer } from '../model/offer.ts';

/**
 * A source of objects.
 *
 * `run` reads until the signal aborts, then resolves. It calls `offer`, one call at a time, never re-entrantly:
 * - The first call holds everything there is (possibly nothing) and comes only when that is complete: whoever
 *   receives it may serve from it.
 * - Every later call holds what changed. A source that lost track (a folder that vanished and came back, a watch that
 *   was cut) finds the difference itself; it never repeats what the receiver has.
 * - `offer` does not throw and returns at once.
 *
 * `run` rejects only for what no waiting can mend (a path that was never there and that the user named).
 */
export interface Source {
  run(offer: (offer: Offer) => void, signal: AbortSignal): Promise<void>;
}
