// Parts of the program with a life of their own, run as one.

/** A part: runs until the signal aborts, then resolves; rejects where it can't go on. */
export type Part = (signal: AbortSignal) => Promise<void>;

/**
 * Runs parts until the signal aborts. If one can't go on, the others are ended too. Resolves when all have ended.
 *
 * @throws what the first part that couldn't go on threw.
 */
export async function runTogether(parts: readonly Part[], signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const together = AbortSignal.any([signal, failure.signal]);
  const errors: unknown[] = [];
  await Promise.all(
    parts.map(async (part) => {
      try {
        await part(together);
      } catch (error) {
        errors.push(error);
        failure.abort();
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    if (signal.aborted) settle();
    else signal.addEventListener('abort', () => settle(), { once: true });
  });
}
