// Takes everything that a mesh has made out of a cluster, for `maesh cleanup`. Each part may be there or not: it may be run
// any number of times, and after an install that came half-way.

import type { CleanupOptions } from '../../config/options.ts';
import { resolveAccess } from '../../kube/access.ts';
import { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { stayAlive } from '../../runtime/stay-alive.ts';
import { restoreDns } from './dns.ts';
import { endedControllers } from './ended-controllers.ts';
import { LeftOverError } from './for-each.ts';
import { deleteLeases, deleteRelieved, deleteServices, takeBackProblems } from './objects.ts';

/** What came of a part. */
export interface CleanupStep {
  readonly kind: 'done' | 'failed';
  /** A sentence without a full stop. */
  readonly text: string;
}

/** What a part is done with. */
export interface CleanupContext {
  readonly client: KubeClient;
  readonly options: CleanupOptions;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what has been taken away: a sentence without a full stop. */
  readonly onDone: (text: string) => void;
}

/** How it is run. */
export interface CleanupRun {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told of each part when it has come to its end. */
  readonly onStep: (step: CleanupStep) => void;
  /** How long controllers may take to end; a minute by default. */
  readonly limitMs?: number;
}

/** DNS first: it is what others notice. Leases last: they say whether a controller runs. */
const parts: readonly ((context: CleanupContext) => Promise<void>)[] = [
  restoreDns,
  deleteServices,
  deleteRelieved,
  takeBackProblems,
  deleteLeases,
];

/**
 * Cleans up. What can't be taken away holds nothing else up. Nothing is taken away while a controller runs. Rejects where
 * the API server isn't known (AccessError).
 */
export async function cleanUp(options: CleanupOptions, run: CleanupRun): Promise<void> {
  const { log, signal, onStep, limitMs = 60_000 } = run;
  using _ = stayAlive();
  const client = new KubeClient({ access: await resolveAccess(options) });
  const onDone = (text: string): void => onStep({ kind: 'done', text });
  const context: CleanupContext = { client, options, log, clock: systemClock, signal, onDone };
  const { namespace } = options;
  try {
    const running = await endedControllers({ ...options, ...context, limitMs });
    if (running.length > 0) {
      const text =
        `A controller of the mesh in namespace ${namespace} still runs and would put everything back: uninstall it ` +
        `first. Its Lease: ${running.join(', ')}`;
      onStep({ kind: 'failed', text });
      return;
    }
    for (const part of parts) await runPart(part, context, onStep);
  } catch (error) {
    const text = signal.aborted ? 'Asked to end before all was taken away: run it again' : textOf(error);
    onStep({ kind: 'failed', text });
  } finally {
    client.close();
  }
}

async function runPart(
  part: (typeof parts)[number],
  context: CleanupContext,
  onStep: CleanupRun['onStep'],
): Promise<void> {
  try {
    await part(context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    onStep({ kind: 'failed', text: textOf(error) });
  }
}

function textOf(error: unknown): string {
  if (error instanceof KubeError || error instanceof LeftOverError) return error.message;
  throw error;
}
