// A lock between processes that dies with its holder, however that ends: the system's own lock on a file.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface LockOptions {
  /** Made if it is not there; it stays. */
  readonly file: string;
  /** Called once if another process holds the lock for more than a moment. */
  readonly onWait: () => void;
}

const momentMs = 500;

/** Does some work while no other process does any under the same lock. */
export async function underLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  // The lock is a child's, which holds it until its standard input ends, be it because this process does.
  const holder = spawn('flock', [options.file, 'sh', '-c', 'echo held; read -r end'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const timer = setTimeout(options.onWait, momentMs);
  try {
    // Rejects where there is no flock; its end without a word is a lock that can't be had.
    const held = await Promise.race([once(holder.stdout, 'data'), ended.then(() => undefined)]);
    if (held === undefined) throw new Error(`Cannot lock ${options.file}: flock ended, see above`);
    clearTimeout(timer);
    return await work();
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
    await ended;
  }
}
