// Waiting for a moment of an injected clock, cut short by an abort.

import type { Clock } from './clock.ts';

/** Resolves after `delayMs` of the clock, or as soon as the signal aborts; leaves neither timer nor listener behind. */
export function sleep(
  delayMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish);
  });
}
