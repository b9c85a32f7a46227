// A client of services, as applications are: it looks a name up, connects, and tells what came of it.

import { Resolver } from 'node:dns/promises';
import type { TrafficType } from '../../src/model/topology.ts';
import { ClientError } from './clients/client-error.ts';
import { HttpClient, type Dial } from './clients/http.ts';
import { talkTcp } from './clients/tcp.ts';
import { talkUdp } from './clients/udp.ts';

/** A request to a service. */
export interface ServiceCall {
  /** Under which name connections are kept: clients use one again only for the name that they opened it for. */
  readonly name: string;
  readonly traffic: TrafficType;
  readonly to: Dial;
  /** `Host` of an HTTP request; address and port by default. */
  readonly host?: string;
  /** 5 s by default; for UDP 2 s. */
  readonly timeoutMs?: number;
}

/**
 * What came of a request: the name of the backend that answered, or how it failed: `status 503`, `status 404, closing`
 * (where the connection is closed after it), `refused`, `closed`, `timeout`, `unknown name`, or anything else in words.
 * `details` are for people only.
 */
export type Outcome =
  | { readonly kind: 'answer'; readonly backend: string }
  | { readonly kind: 'failure'; readonly what: string; readonly details?: string };

/** Calls services. HTTP connections are kept and used again; TCP and UDP begin anew each time. */
export class ServiceClient implements Disposable {
  readonly #http = new Map<string, HttpClient>();
  readonly #resolver: Resolver;

  /** @param dns - where names are looked up. */
  constructor(dns: Dial) {
    this.#resolver = new Resolver({ timeout: 2_000, tries: 3 });
    this.#resolver.setServers([`${dns.address}:${dns.port}`]);
  }

  /** Sends one request. Never rejects. */
  async call(call: ServiceCall): Promise<Outcome> {
    try {
      return await this.#send(call);
    } catch (error) {
      const { failure, message } = ClientError.from(error);
      return { kind: 'failure', what: failure === 'other' ? message : failure };
    }
  }

  /** Looks up a name such as `shop.store.maesh`; undefined where it is unknown. Rejects where there is no answer. */
  async resolve(name: string): Promise<string | undefined> {
    try {
      return (await this.#resolver.resolve4(name))[0];
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOTFOUND' || code === 'ENODATA') return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.#http.values()) client.close();
    this.#resolver.cancel();
  }

  async #send({ name: key, traffic, to, host, timeoutMs }: ServiceCall): Promise<Outcome> {
    const timeout = timeoutMs === undefined ? {} : { timeoutMs };
    if (traffic === 'tcp') {
      const { name } = await talkTcp({ ...to, send: 'hello', ...timeout });
      return { kind: 'answer', backend: name };
    }
    if (traffic === 'udp') {
      const { name } = await talkUdp({ ...to, send: 'hello', timeoutMs: timeoutMs ?? 2_000 });
      return { kind: 'answer', backend: name };
    }
    const { status, echo, body, headers } = await this.#httpFor(key).send({
      ...to,
      ...(host !== undefined && { host }),
      ...timeout,
    });
    return status === 200 && echo !== undefined
      ? { kind: 'answer', backend: echo.name }
      : { kind: 'failure', what: `status ${status}${closing(headers)}`, details: body.trim() };
  }

  #httpFor(name: string): HttpClient {
    let client = this.#http.get(name);
    if (client === undefined) this.#http.set(name, (client = new HttpClient()));
    return client;
  }
}

function closing(headers: Readonly<Record<string, string>>): string {
  return headers['connection'] === 'close' ? ', closing' : '';
}
