// Doing something for many, of whom one must not hold the others up.

import { KubeError } from '../../kube/kube-error.ts';

/** Something that is left, whatever was tried. Its message is a sentence without a full stop. */
export class LeftOverError extends Error {
  override readonly name = 'LeftOverError';
}

/**
 * Does something for each, for so many at a time. One for which it can't be done holds no other up, but where the API server
 * gives no answer.
 *
 * @throws LeftOverError or KubeError of the first for which it couldn't be done, when nothing is under way any more.
 */
export async function forEach<T>(
  items: readonly T[],
  abreast: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const failures: Error[] = [];
  const work = async (): Promise<void> => {
    for (const item of rest) {
      try {
        await action(item);
      } catch (error) {
        const isOfOne = error instanceof LeftOverError || (error instanceof KubeError && error.status > 0);
        if (!isOfOne) throw error;
        failures.push(error);
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: abreast }, work));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0 ? first : new LeftOverError(`${first.message} (and ${others.length} more)`);
}
