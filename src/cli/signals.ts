// How a running command is ended: the first SIGINT or SIGTERM asks it to, the second doesn't ask.

import type { Log } from '../runtime/log.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** A signal that aborts when the process is asked to end; `dispose` gives the process its usual behaviour back. */
export function untilSignal(log: Log): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const end = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      log.warn('Asked to end a second time, so it ends at once', { signal: name });
      process.exit(1);
    }
    log.info('Asked to end', { signal: name });
    controller.abort();
  };
  for (const name of signals) process.on(name, end);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, end);
    },
  };
}
