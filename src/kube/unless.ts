// Writes that may come too late, which is no failure.

import { KubeError } from './kube-error.ts';

/** What an API server says to a write of what is gone, or another by now than is required. */
export const outdated: readonly number[] = [404, 409];

/** What a call resolves with; undefined where the server refuses it with one of these HTTP statuses. */
export async function unless<T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KubeError && statuses.includes(error.status)) return undefined;
    throw error;
  }
}

/** Whether a call was done; false where the server refuses it with one of these HTTP statuses. */
export async function isDone(call: Promise<unknown>, statuses: readonly number[]): Promise<boolean> {
  const done = call.then(() => true);
  return (await unless(statuses, done)) ?? false;
}
