// An election for tests that are not about elections.

import type { LeaseTiming } from '../../src/kube/lease.ts';

/**
 * As long as usual, so that a busy machine doesn't make another replica lead, or the same one say that it leads no more; and
 * looked at as often as in a short one, so that nobody waits for the first leader.
 */
export const steadyLease: LeaseTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 200 };
