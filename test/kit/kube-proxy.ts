// What stands between callers and proxies in a cluster: kube-proxy's view of the shadow Services, which follows them a
// moment later, and callers that keep their connections whatever becomes of it.

import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { KubeObjects, type WatchEvent } from './kube-objects.ts';
import type { KubeAccess } from './kube-request.ts';
import { meshPortsOf, shadowsPath } from './mesh-in-cluster.ts';

/** Follows the shadow Services of a mesh. */
export class KubeProxy implements AsyncDisposable {
  readonly #objects: KubeObjects;
  readonly #mesh: string;
  readonly #lagMs: number;
  readonly #meshPorts = new Map<string, number>();
  readonly #running: Promise<void>;
  #isStopped = false;

  /** @param options.lagMs - how much later than the API server it knows. */
  constructor(options: { readonly access: KubeAccess; readonly mesh: string; readonly lagMs: number }) {
    this.#objects = new KubeObjects(options.access);
    this.#mesh = options.mesh;
    this.#lagMs = options.lagMs;
    this.#running = this.#follow();
  }

  /** To which port of proxies a new connection to a service port goes (`name/port`); undefined: nowhere. */
  meshPort(servicePort: string): number | undefined {
    return this.#meshPorts.get(servicePort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#objects[Symbol.dispose]();
    await this.#running;
  }

  async #follow(): Promise<void> {
    try {
      for await (const event of this.#objects.watch(shadowsPath(this.#mesh))) void this.#see(event);
    } catch (error) {
      if (!this.#isStopped) throw error;
    }
  }

  async #see({ type, object }: WatchEvent): Promise<void> {
    await delay(this.#lagMs);
    for (const [servicePort, meshPort] of meshPortsOf([object], this.#mesh)) {
      if (type === 'DELETED') this.#meshPorts.delete(servicePort);
      else this.#meshPorts.set(servicePort, meshPort);
    }
  }
}

/** An answer to a {@link Caller}. */
export interface CallerAnswer {
  readonly status: number;
  readonly body: string;
  /** Port of the proxy that the connection leads to. */
  readonly meshPort: number;
}

/** Calls one service port over HTTP/1.1. */
export class Caller implements Disposable {
  readonly #agent: Agent;
  readonly #host: string;

  /**
   * @param options.servicePort - `name/port`, as {@link KubeProxy} knows it.
   * @param options.proxy - address of the proxy that its connections go to.
   * @param options.keeps - whether it keeps its connection for as long as it is left open; else each request has its own.
   */
  constructor(options: {
    readonly kubeProxy: KubeProxy;
    readonly servicePort: string;
    readonly host: string;
    readonly proxy: string;
    readonly keeps: boolean;
  }) {
    const { kubeProxy, servicePort, host, proxy, keeps } = options;
    this.#host = host;
    this.#agent = new (class extends Agent {
      override createConnection(): Socket {
        return connect({ host: proxy, port: kubeProxy.meshPort(servicePort) ?? 1 });
      }
    })({ keepAlive: keeps, maxSockets: 1 });
  }

  /** Sends a request. Rejects where there is no whole answer. */
  async send(): Promise<CallerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<CallerAnswer>();
    const sent = request({ agent: this.#agent, headers: { host: this.#host }, timeout: 10_000 });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')));
    sent.on('response', (response) => {
      const meshPort = response.socket.remotePort ?? 0;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, meshPort }));
    });
    sent.end();
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
