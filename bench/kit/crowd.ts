// Many proxies that are none, in a process of their own.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A running crowd; ended when disposed of. */
export interface Crowd extends AsyncDisposable {
  readonly pid: number;
}

/** Starts so many clients of the xDS server on this port of 127.0.0.1. They need not be connected yet. */
export function startCrowd(xdsPort: number, count: number): Crowd {
  const main = join(import.meta.dirname, 'crowd-main.ts');
  const child = fork(main, [String(xdsPort), String(count)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const end = once(child, 'exit');
      child.kill('SIGKILL');
      await end;
    },
  };
}
