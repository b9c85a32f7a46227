// The Envoy of a standalone mesh: found or fetched, told where the controller is, and kept running.

import { hostname } from 'node:os';
import { join } from 'node:path';
import type { StandaloneOptions } from '../config/options.ts';
import { StateError } from '../control/state-error.ts';
import { findEnvoy } from '../proxy/find-envoy.ts';
import { superviseEnvoy } from '../proxy/supervise.ts';
import type { Log } from '../runtime/log.ts';
import type { AddressAndPort } from '../translate/address.ts';
import { bootstrap } from '../translate/bootstrap.ts';
import { proxyAddressFree } from './proxy-address.ts';
import { probePort } from './local-ports.ts';
import { loopback } from './placement.ts';
import type { StandaloneMesh } from './standalone-mesh.ts';

/** What the managed Envoy needs. */
export interface ManagedEnvoyOptions {
  /** Port on which the controller serves xDS. */
  readonly xdsPort: number;
  /** Where Envoy will say whether it is ready. */
  readonly readiness: AddressAndPort;
  readonly mesh: StandaloneMesh;
  readonly log: Log;
}

/**
 * Runs Envoy until the signal aborts.
 *
 * @throws EnvoyError where there is none to be had, ListenError where another mesh has its addresses, StateError where its
 *   bootstrap cannot be written.
 */
export async function runManagedEnvoy(
  options: StandaloneOptions,
  { xdsPort, readiness, mesh, log }: ManagedEnvoyOptions,
  signal: AbortSignal,
): Promise<void> {
  const envoy = await findEnvoy({ log, binary: options.envoyBin, signal });
  if (signal.aborted) return;
  log.info('Using Envoy', { path: envoy.path, version: envoy.version });
  await proxyAddressFree(readiness, signal);
  const workDir = join(options.stateDir, 'envoy');
  let starts = 0;
  const supervisor = superviseEnvoy({
    binary: envoy.path,
    bootstrap: async () =>
      bootstrap({
        nodeId: hostname(),
        cluster: options.namespace,
        xds: { address: loopback, port: xdsPort },
        admin: {
          address: loopback,
          port: await probePort({ what: "Envoy's admin interface", host: loopback, port: 0 }),
        },
      }),
    workDir,
    concurrency: options.concurrency,
    log,
    onStart: () => {
      starts++;
      if (starts > 1) mesh.envoyRestarted();
    },
  });
  try {
    await supervisor.run(signal);
  } catch (error) {
    throw StateError.isCause(error) ? StateError.unwritable("Envoy's bootstrap", workDir, error) : error;
  }
}
