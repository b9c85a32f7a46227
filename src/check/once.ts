// What several checks want to know is asked once.

/** A question. */
export type Asked<T> = () => Promise<T>;

/** Asks when it is called first, and gives the same answer ever after, be it a failure. */
export function once<T>(ask: Asked<T>): Asked<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= ask());
}
