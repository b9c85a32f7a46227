// The controller under test, in a process of its own, and the real Envoy that it tells what to serve.

import { join } from 'node:path';

import { bootstrap } from '../../src/translate/bootstrap.ts';
import { startEnvoyProcess, type EnvoyProcess } from '../../test/kit/envoy-process.ts';
import { freePort } from '../../test/kit/free-port.ts';
import { until } from '../../test/kit/until.ts';
import { heapFlags } from '../../src/cli/heap.ts';
import { realNode, scoutNode } from './controller-addresses.ts';
import type { ControllerGiven } from './controller-main.ts';
import type { HeapFigures, Moment, MomentName } from './moments.ts';
import { TappedProcess, type Logged } from './tapped-process.ts';

const loopback = '127.0.0.1';
const patienceMs = 600_000;

/** Chooses the ports of a controller; it has the same ones after a restart. */
export async function givenFor(kubeConfig: string): Promise<ControllerGiven> {
  return { kubeConfig, apiPort: await freePort(loopback), xdsPort: await freePort(loopback) };
}

/** A running controller; ended when disposed of. */
export class Controller implements AsyncDisposable {
  readonly #process: TappedProcess;
  /** Everything that has happened so far, as far as it has been asked for. */
  readonly #moments: Moment[] = [];
  /** When each proxy was current first, by node. */
  readonly #currentAt = new Map<string, number>();

  /** Starts it. */
  constructor(given: ControllerGiven) {
    const file = (name: string): string => join(import.meta.dirname, name);
    const taps = ['--import', file('controller-taps.ts')];
    const program = [...heapFlags, ...taps, file('controller-main.ts'), JSON.stringify(given)];
    this.#process = new TappedProcess([process.execPath, ...program]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get startedAt(): number {
    return this.#process.startedAt;
  }

  /** When a message was logged, and how often. */
  logged(message: string): Logged | undefined {
    return this.#process.logged.get(message);
  }

  /** Everything that has happened since the start. To be asked every second, or some is lost. */
  async moments(): Promise<readonly Moment[]> {
    for (const moment of await this.#process.takeMoments()) {
      this.#moments.push(moment);
      const [node] = moment.about ?? [];
      if (moment.name === 'current' && node !== undefined) this.#currentAt.set(node, moment.at);
    }
    return this.#moments;
  }

  /** Does something while it is asked what happens, often enough that nothing is lost. */
  async watched<T>(action: () => Promise<T>): Promise<T> {
    const asking = setInterval(() => void this.moments().catch(() => undefined), 500);
    try {
      return await action();
    } finally {
      clearInterval(asking);
    }
  }

  /** When something happened first. */
  async first(name: MomentName): Promise<number | undefined> {
    return (await this.moments()).find((moment) => moment.name === name)?.at;
  }

  /** Forgets what has happened. */
  async forget(): Promise<void> {
    await this.moments();
    this.#moments.length = 0;
  }

  /** Resolves when so many proxies have acknowledged everything; with when the last of them had. */
  async current(proxies: number): Promise<number> {
    return await this.#wait(`${proxies} proxies to be current`, async () => {
      await this.moments();
      const times = [...this.#currentAt].filter(([node]) => node !== scoutNode).map(([, at]) => at);
      return times.length >= proxies ? Math.max(...times) : undefined;
    });
  }

  /** Resolves when so many shadow Services have been written since the start; with when the last one was. */
  async wrote(shadows: number): Promise<number> {
    return await this.#wait(`${shadows} shadow Services`, async () => {
      await this.moments();
      const logged = this.logged('Wrote a shadow Service');
      return logged !== undefined && logged.count >= shadows ? logged.last : undefined;
    });
  }

  /** Memory after a garbage collection. */
  async collect(): Promise<HeapFigures> {
    return await this.#process.collect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #wait(what: string, condition: () => Promise<number | undefined>): Promise<number> {
    const look = async (): Promise<number | 'ended' | undefined> =>
      this.#process.hasEnded ? 'ended' : await condition();
    const found = await until(what, look, patienceMs);
    if (found === 'ended') throw new Error(`The controller has ended (${this.#process.end}) before ${what}`);
    return found;
  }
}

/** Starts the real Envoy. It serves as soon as a controller tells it what. */
export async function startRealEnvoy({ xdsPort }: ControllerGiven): Promise<EnvoyProcess> {
  const options = {
    nodeId: realNode,
    cluster: 'maesh',
    xds: { address: loopback, port: xdsPort },
    admin: { address: loopback, port: 0 },
  };
  return await startEnvoyProcess(bootstrap(options), patienceMs);
}
