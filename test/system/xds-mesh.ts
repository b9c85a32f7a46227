// An XdsServer with what it did on record, and a real Envoy that listens to it.

import type { AckEvent, NackEvent, PushEvent, XdsObserver } from '../../src/serve/xds/observer.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import type { Resource, Resources } from '../../src/translate/resources.ts';
import { RecordLog } from '../kit/record-log.ts';
import { resourcesOf } from '../kit/xds-resources.ts';
import { until } from './xds-envoy.ts';

const host = '127.81.0.9';

/** A server, and everything that its observer was told. */
export class RecordedServer implements AsyncDisposable {
  readonly log: RecordLog = new RecordLog();
  readonly pushes: PushEvent[] = [];
  readonly acks: AckEvent[] = [];
  readonly nacks: NackEvent[] = [];
  readonly server: XdsServer;
  readonly host: string = host;
  port = 0;
  #resources: Resources | undefined;

  constructor() {
    const observer: XdsObserver = {
      pushed: (event) => this.pushes.push(event),
      acknowledged: (event) => this.acks.push(event),
      rejected: (event) => this.nacks.push(event),
    };
    this.server = new XdsServer({ log: this.log, observer });
  }

  async listen(port = 0): Promise<this> {
    this.port = await this.server.listen({ host, port });
    return this;
  }

  publish(...resources: readonly Resource[]): number {
    this.#resources = resourcesOf(resources, this.#resources);
    return this.server.publish(this.#resources);
  }

  /** Publishes, and waits until a proxy that is connected has acknowledged it all. */
  async settle(...resources: readonly Resource[]): Promise<void> {
    const sequence = this.publish(...resources);
    await until(
      `sequence ${sequence} is settled`,
      () => this.server.proxies().length > 0 && this.server.settledSequence() === sequence,
    );
  }

  /** Names of resources sent and removed so far, by kind: `Cluster shop`, `-Cluster shop`. */
  sent(): string[] {
    return this.pushes.flatMap(({ typeUrl, resources, removed }) => {
      const kind = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
      return [
        ...resources.map(({ name }) => `${kind} ${name}`),
        ...removed.map((name) => `-${kind} ${name}`),
      ];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(200);
  }
}

/** Lets a test say what is to happen while something goes on, and what came of it all. */
export class Meanwhile<Result> implements AsyncDisposable {
  readonly results: Map<Result, number> = new Map<Result, number>();
  readonly #ended: Promise<unknown>;
  readonly #stop = new AbortController();

  /** Repeats `action`, one after the other, until {@link end}. */
  constructor(action: () => Promise<Result>) {
    const repeat = async (): Promise<void> => {
      while (!this.#stop.signal.aborted) {
        // One after the other is the point.
        const result = await action();
        this.results.set(result, (this.results.get(result) ?? 0) + 1);
      }
    };
    this.#ended = repeat();
  }

  /** Waits until `count` more have been done. */
  async more(count: number): Promise<void> {
    const total = (): number => [...this.results.values()].reduce((sum, one) => sum + one, 0);
    const goal = total() + count;
    await until(`${count} more are done`, () => total() >= goal);
  }

  async end(): Promise<ReadonlyMap<Result, number>> {
    this.#stop.abort();
    await this.#ended;
    return this.results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
