// How a running command is ended: the first SIGINT or SIGTERM asks it to, the second doesn't ask.

import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

// Under `npm run` one Ctrl-C comes twice within a millisecond: from the terminal, and from npm, which passes it on.
const sameRequestMs = 300;

/** A signal that aborts when the process is asked to end; `dispose` gives the process its usual behaviour back. */
export function untilSignal(
  log: Log,
  clock: Clock = systemClock,
): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  let asked = 0;
  const end = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (clock.now() - asked < sameRequestMs) return;
      log.warn('Asked to end a second time, so it ends at once', { signal: name });
      process.exit(1);
    }
    asked = clock.now();
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
