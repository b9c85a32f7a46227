// A process that only waits: no timer of a Clock keeps it alive.

import { longestTimerMs } from './clock.ts';

/** Keeps the process alive until it is disposed of. */
export function stayAlive(): Disposable {
  const timer = setInterval(() => {}, longestTimerMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
