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
  const timer = setTimeout(options.onWait, momentMs);
  const lock = await takeLock(options.file).finally(() => clearTimeout(timer));
  if (lock === undefined) throw new Error(`Cannot lock ${options.file}: flock ended, see above`);
  try {
    return await work();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** Takes a lock unless another process holds it; undefined then. Its file is made if it is not there; it stays. */
export function tryLock(file: string): Promise<AsyncDisposable | undefined> {
  return takeLock(file, ['--nonblock']);
}

/** The lock is a child's, which holds it until its standard input ends, be it because this process does. */
async function takeLock(file: string, flags: readonly string[] = []): Promise<AsyncDisposable | undefined> {
  const holder = spawn('flock', [...flags, file, 'sh', '-c', 'echo held; read -r end'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const release = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  // Rejects where there is no flock; its end without a word is a lock that can't be had.
  const held = await Promise.race([once(holder.stdout, 'data'), ended.then(() => undefined)]);
  return held === undefined ? undefined : { [Symbol.asyncDispose]: release };
}
