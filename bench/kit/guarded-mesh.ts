// A controller in the benchmark's own process and a real Envoy, with access control and in the shape of a cluster: no
// service has an address of its own. Objects are offered to it as a source would; it counts what it sends.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../test/kit/free-port.ts';
import { testSettings } from '../../test/kit/mesh.ts';
import { until } from '../../test/kit/until.ts';
import { ControlLoop } from '../../src/control/loop.ts';
import { emptyAllocation } from '../../src/model/build.ts';
import type { ObjectChange } from '../../src/model/offer.ts';
import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { superviseEnvoy } from '../../src/proxy/supervise.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { meshRange } from './addresses.ts';
import { childrenNamed } from './process-figures.ts';

const log = silentLog;
const { model, translate } = testSettings(meshRange, true);
const host = translate.meshAddress;

/** A running mesh; ended when disposed of. */
export class GuardedMesh implements AsyncDisposable {
  /** Bytes of all responses to Envoy so far. */
  sentBytes = 0;
  readonly #xds: XdsServer;
  readonly #loop: ControlLoop;
  readonly #adminPort: number;
  readonly #running = new AsyncDisposableStack();
  #published = 0;

  private constructor(adminPort: number) {
    this.#adminPort = adminPort;
    this.#xds = new XdsServer({ log, observer: { pushed: ({ bytes }) => (this.sentBytes += bytes) } });
    this.#loop = new ControlLoop({
      model: { ...model, addresses: undefined },
      allocation: emptyAllocation,
      saveAllocation: () => {},
      translate: createTranslator({ ...translate, hostPort: undefined }),
      publish: (resources) => (this.#published = this.#xds.publish(resources)),
      clock: systemClock,
      log,
    });
    this.#xds.onSettled((sequence) => this.#loop.settled(sequence));
  }

  /** Starts a mesh of these objects, and resolves when Envoy has all of it. */
  static async start(changes: readonly ObjectChange[], workers: number): Promise<GuardedMesh> {
    const mesh = new GuardedMesh(await freePort(host));
    try {
      await mesh.#start(changes, workers);
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
    return mesh;
  }

  /** Where a service of namespace `store` with one port is called. */
  addressOf(service: string): { readonly host: string; readonly port: number } {
    const port = this.#loop.topology?.services.get(`store/${service}`)?.ports[0]?.meshPort;
    if (port === undefined) throw new Error(`${service} has no mesh port`);
    return { host, port };
  }

  /** Changes objects. */
  offer(changes: readonly ObjectChange[]): void {
    this.#loop.offer({ changes, problems: [] });
  }

  /** Resolves when Envoy has acknowledged all that was offered. Rejects where it refused some. */
  async settled(): Promise<void> {
    const isSettled = (): boolean =>
      this.#loop.queueDepth === 0 && this.#published > 0 && this.#xds.settledSequence() >= this.#published;
    await until('Envoy to acknowledge', () => isSettled() || undefined, 60_000);
    const [refused] = this.#xds.rejections();
    if (refused !== undefined) throw new Error(`Envoy refused ${refused.name}: ${refused.message}`);
  }

  /** Id of Envoy's process. */
  async envoyPid(): Promise<number> {
    const [pid] = await childrenNamed(process.pid, 'envoy');
    if (pid === undefined) throw new Error('No Envoy runs');
    return pid;
  }

  /** What Envoy says that it has allocated, in MiB. */
  async envoyAllocatedMib(): Promise<number> {
    const response = await fetch(`http://${host}:${this.#adminPort}/memory`);
    const { allocated } = (await response.json()) as { readonly allocated: string };
    return Number(allocated) / 2 ** 20;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.disposeAsync();
  }

  async #start(changes: readonly ObjectChange[], workers: number): Promise<void> {
    const workDir = await mkdtemp(join(tmpdir(), 'maesh-bench-'));
    this.#running.defer(() => rm(workDir, { recursive: true, force: true }));
    const port = await this.#xds.listen({ host, port: 0 });
    this.#running.defer(() => this.#xds.close());
    this.#running.defer(() => this.#loop.stop());
    this.offer(changes);
    const envoy = superviseEnvoy({
      binary: (await findEnvoy({ log })).path,
      bootstrap: () =>
        bootstrap({
          nodeId: 'bench',
          cluster: 'maesh',
          xds: { address: host, port },
          admin: { address: host, port: this.#adminPort },
        }),
      workDir,
      concurrency: workers,
      log,
    });
    const abort = new AbortController();
    const running = envoy.run(abort.signal);
    this.#running.defer(async () => {
      abort.abort();
      await running;
    });
    await until('Envoy to connect', () => this.#xds.proxies().length > 0 || undefined, 60_000);
    await this.settled();
  }
}
