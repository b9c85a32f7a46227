// What tests need to know of processes that are not their children.

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether a process is there and not merely waiting to be reaped. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    // The state is the first field behind the name, which stands in parentheses and may hold anything.
    return !/\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves with the milliseconds it took until a process was gone; rejects if it isn't by then. */
export async function gone(pid: number, withinMs = 10_000): Promise<number> {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  while (await isRunning(pid)) {
    if (elapsed() > withinMs) throw new Error(`Process ${pid} is still running after ${withinMs} ms`);
    await delay(5);
  }
  return elapsed();
}
