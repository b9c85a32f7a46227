// Waiting for what has no event of its own: a condition is asked again and again until it holds.

import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves with what the condition gives once that is not undefined. Rejects when time is up, with what the condition
 * last threw as its cause.
 *
 * @param what the end of "Waited in vain for …".
 */
export async function until<T>(
  what: string,
  condition: () => T | undefined | Promise<T | undefined>,
  withinMs: number = 15_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each time after the other is the point
      const result = await condition();
      if (result !== undefined) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited in vain for ${what} (${withinMs} ms)`, { cause });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(5);
  }
}
