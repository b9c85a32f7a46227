// Waiting for something that happens elsewhere, in another process or after a notice of the file system.

import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats a check until it no longer throws, and resolves with what it returns then.
 * Rejects with the check's last error if that takes longer than `withinMs`.
 */
export async function eventually<T>(check: () => Promise<T> | T, withinMs = 10_000): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() - started > withinMs) throw error;
      await delay(5);
    }
  }
}
