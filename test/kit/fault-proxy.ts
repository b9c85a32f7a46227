// A proxy between a controller and its API server that does to their connection whatever a test wants: what networks,
// load balancers, overloaded and restarting servers do. With no fault in force it changes nothing.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer } from 'node:https';

import { Door, type Reception } from './faults/door.ts';
import { Exchange, type ExchangeContext } from './faults/exchange.ts';
import {
  Faults,
  type Fault,
  type FaultInForce,
  type RequestFilter,
  type SeenRequest,
} from './faults/fault.ts';
import type { StatusError } from './faults/status.ts';
import type { KubeAccess } from './kube-request.ts';
import { Random } from './mutations/random.ts';

export interface FaultProxyOptions {
  /**
   * The server, and who asks it for clients that bring no token: a client's certificate ends at the proxy. A
   * {@link ControlPlane}'s `admin` will do.
   */
  readonly server: KubeAccess;
  /** The proxy's own certificate, for 127.0.0.1. A control plane's `serving` will do. */
  readonly serving: { readonly cert: string; readonly key: string };
  /** Seeds what is left to chance; 1 by default. */
  readonly seed?: number;
}

/** A running proxy. */
export class FaultProxy implements AsyncDisposable {
  /** Such as `https://127.0.0.1:40123`. */
  readonly url: string;
  /** Every request so far that came through TLS, oldest first. */
  readonly requests: readonly SeenRequest[];
  readonly #faults: Faults;
  readonly #context: ExchangeContext;
  readonly #exchanges: Set<Exchange>;
  readonly #door: Door;

  private constructor(parts: FaultProxyParts) {
    this.url = `https://127.0.0.1:${parts.door.port}`;
    this.requests = parts.requests;
    this.#faults = parts.context.faults;
    this.#context = parts.context;
    this.#exchanges = parts.exchanges;
    this.#door = parts.door;
  }

  /** Starts a proxy on any free port of 127.0.0.1. */
  static async start({ server, serving, seed = 1 }: FaultProxyOptions): Promise<FaultProxy> {
    const { url, ca, certificate } = server;
    const exchanges = new Set<Exchange>();
    const requests: SeenRequest[] = [];
    const https = createServer({ ...serving });
    // What the client keeps open is the client's to close.
    https.keepAliveTimeout = 0;
    const door = await Door.open(https);
    const context: ExchangeContext = {
      url,
      agents: {
        token: new Agent({ keepAlive: true, ca }),
        certificate: new Agent({ keepAlive: true, ca, ...certificate }),
      },
      faults: new Faults(seed),
      random: new Random(seed),
      histories: new Map(),
      reset: ({ socket }) => door.reset(socket),
    };
    https.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const exchange = new Exchange(request, response, context);
      requests.push(exchange.seen);
      exchanges.add(exchange);
      void exchange.run().finally(() => exchanges.delete(exchange));
    });
    return new FaultProxy({ requests, context, exchanges, door });
  }

  /** Puts a fault in force; disposing of it ends it. Watches that are open meet it too, but for `cut` and `answer`. */
  inject(fault: Fault): FaultInForce {
    return this.#faults.add(fault);
  }

  /** Receives connections from now on otherwise than before. Those that were ignored go on once others are accepted. */
  receive(reception: Reception): void {
    this.#door.receive(reception);
  }

  /** How many connections are being ignored. */
  get ignored(): number {
    return this.#door.ignored;
  }

  /** Resets every connection, or those of the requests that are under way. Returns the number of such requests. */
  cut(when?: RequestFilter): number {
    const cut = this.#underWay(when ?? (() => true));
    for (const exchange of cut) exchange.reset();
    if (when === undefined) this.#door.resetAll();
    return cut.length;
  }

  /** Cuts the watches that are open in the middle of an event. Returns their number. */
  async cutMidEvent(when: RequestFilter = () => true): Promise<number> {
    const watches = this.#watches(when);
    await Promise.all(watches.map((each) => each.endMidEvent()));
    return watches.length;
  }

  /** Ends the watches that are open with an ERROR event, such as `{ code: 410 }`. Returns their number. */
  endWatches(error: StatusError, when: RequestFilter = () => true): number {
    const watches = this.#watches(when);
    for (const each of watches) each.endWatch(error);
    return watches.length;
  }

  /** Ends every fault, and accepts connections. */
  mend(): void {
    this.#faults.clear();
    this.receive('accept');
  }

  /** Cuts every connection and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.mend();
    for (const exchange of this.#exchanges) exchange.reset();
    await this.#door.close();
    for (const agent of Object.values(this.#context.agents)) agent.destroy();
  }

  #underWay(when: RequestFilter): Exchange[] {
    return [...this.#exchanges].filter(({ seen, isOver }) => !isOver && when(seen));
  }

  /** Watches whose answer has begun. */
  #watches(when: RequestFilter): Exchange[] {
    return this.#underWay((seen) => seen.isWatch && seen.status === 200 && when(seen));
  }
}

interface FaultProxyParts {
  readonly requests: readonly SeenRequest[];
  readonly context: ExchangeContext;
  readonly exchanges: Set<Exchange>;
  readonly door: Door;
}
