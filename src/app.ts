// The composition root: puts the stages together into a running mesh. It and its parts in app/ are the only files that
// see them all.

import { openDoors } from './app/doors.ts';
import { listenXds } from './app/listen-xds.ts';
import { runManagedEnvoy } from './app/managed-envoy.ts';
import { loopback, place } from './app/placement.ts';
import { StandaloneMesh } from './app/standalone-mesh.ts';
import type { StandaloneAddresses, StandaloneOptions } from './config/options.ts';
import type { Log } from './runtime/log.ts';
import { aborted, runTogether } from './runtime/run-together.ts';
import { createFileSource } from './source/file/file-source.ts';

/** What a standalone mesh is run with besides its settings. */
export interface StandaloneRun {
  readonly log: Log;
  /** Ends the mesh when it aborts. */
  readonly signal: AbortSignal;
  /** Called once, when requests are served (with an external Envoy: when Envoys are told what to serve). */
  readonly onReady: (addresses: StandaloneAddresses) => void;
}

/**
 * Runs a mesh from a folder of manifests until the signal aborts; everything that it started has ended then.
 * Rejects where it can't begin (a path that isn't there, no Envoy to be had, a port for xDS that can't be opened, another mesh on its addresses) or
 * can't go on.
 */
export async function runStandalone(options: StandaloneOptions, run: StandaloneRun): Promise<void> {
  const { log, signal } = run;
  const placement = await place(options, log);
  const mesh = new StandaloneMesh(options, placement, log);
  // Whatever is open keeps the process alive: it is closed, the newest first, however this ends.
  await using open = new AsyncDisposableStack();
  open.defer(() => mesh.xds.close());
  const xds = await listenXds(mesh.xds, { host: loopback, port: options.xdsPort });
  const doors = await openDoors(options, { mesh, log });
  open.defer(() => doors.close());
  open.defer(() => mesh.loop.stop());
  const { hostPort, readiness } = placement.translate;
  const http = hostPort === undefined ? undefined : { host: hostPort.address, port: hostPort.port };
  const addresses = { http, dns: doors.dns, api: doors.api, xds };
  mesh.opened(addresses);
  void mesh.serving.then(() => run.onReady(addresses));
  const source = createFileSource({ paths: options.dir, log, onRead: (ms) => mesh.hasRead(ms) });
  const envoy =
    options.envoy === 'external'
      ? aborted
      : (until: AbortSignal) => runManagedEnvoy(options, { mesh, xdsPort: xds.port, readiness, log }, until);
  const read = (until: AbortSignal): Promise<void> => source.run((offer) => mesh.loop.offer(offer), until);
  await runTogether([read, (until) => mesh.run(until), envoy], signal);
}
