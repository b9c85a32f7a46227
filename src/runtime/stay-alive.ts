// A process that only waits: no timer of a Clock keeps it alive.

/** The longest time that a timer takes. */
const longestMs = 2 ** 31 - 1;

/** Keeps the process alive until it is disposed of. */
export function stayAlive(): Disposable {
  const timer = setInterval(() => {}, longestMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
