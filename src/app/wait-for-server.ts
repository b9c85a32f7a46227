// An API server that isn't there at the start is waited for: controllers start before their API server often enough.

import type { KubeClient } from '../kube/client.ts';
import { serverVersion, type ServerVersion } from '../kube/discovery.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Backoff } from '../runtime/backoff.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

/** Asks for the server's version until it answers; undefined where the signal aborts before that. */
export async function waitForServer(
  client: KubeClient,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<ServerVersion | undefined> {
  const backoff = new Backoff({ clock: systemClock, firstMs: 500, maxMs: 10_000 });
  while (!signal.aborted) {
    try {
      const version = await serverVersion(client, { signal });
      log.info('Connected to the API server', { version: version.text });
      return version;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof KubeError)) throw error;
      // At the default level only errors are seen, and nothing goes on until somebody sees to it.
      log.error('Waiting for the API server', { reason: error.message });
      await backoff.wait(signal, error.retryAfterSeconds * 1000);
    }
  }
  return undefined;
}
