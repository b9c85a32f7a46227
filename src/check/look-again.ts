// What is on its way is no fault: something that is wrong is looked at again before it is said.

import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 500;

/** Looks until there is nothing left, or so many milliseconds; gives what was seen last. */
export async function lookAgain<T>(
  look: () => Promise<readonly T[]>,
  longestMs: number,
): Promise<readonly T[]> {
  const end = performance.now() + longestMs;
  for (;;) {
    const seen = await look();
    if (seen.length === 0 || performance.now() >= end) return seen;
    await delay(pauseMs);
  }
}
