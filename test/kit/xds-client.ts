// A client of one resource type that keeps to the delta protocol, as the other side of a Subscription: what it asks
// for, what it holds, and what it says. Messages wait in both directions until they are read, so that they cross.

import type { Batch } from '../../src/serve/xds/batch.ts';
import type { DeltaRequest } from '../../src/serve/xds/request.ts';

/** What a client does with the good resources of a response that it rejects. */
export type Leniency = 'applies the good ones' | 'applies nothing';

/** A response on its way. */
export interface Response {
  readonly nonce: string;
  readonly batch: Pick<Batch, 'resources' | 'removed'>;
}

type Asking = Pick<
  DeltaRequest,
  'resourceNamesSubscribe' | 'resourceNamesUnsubscribe' | 'initialResourceVersions'
>;

export class Client {
  readonly typeUrl: string;
  readonly leniency: Leniency;
  wildcard = false;
  readonly names: Set<string> = new Set<string>();
  /** Versions that are in use. */
  readonly applied: Map<string, string> = new Map<string, string>();
  /** Versions that it notes, and tells when it connects again: only those of responses that it accepted. */
  readonly noted: Map<string, string> = new Map<string, string>();
  /** Requests that the server has not read yet. */
  readonly outbox: DeltaRequest[] = [];
  readonly #added = new Set<string>();
  readonly #dropped = new Set<string>();
  #isFirst = true;
  #mayUseLegacyWildcard = true;

  constructor(typeUrl: string, leniency: Leniency) {
    this.typeUrl = typeUrl;
    this.leniency = leniency;
  }

  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  subscribe(name: string): void {
    this.#added.add(name);
    this.#dropped.delete(name);
    if (name === '*') this.wildcard = true;
    else this.names.add(name);
  }

  unsubscribe(name: string): void {
    this.#added.delete(name);
    this.#dropped.add(name);
    if (name === '*') this.wildcard = false;
    else this.names.delete(name);
    // Under the wildcard it cannot know whether it is to keep the resource, and waits for the answer.
    this.#forget();
  }

  /** Subscribes to everything by saying nothing, which only the first request can. */
  subscribeSilently(): void {
    if (!this.#isFirst || !this.#mayUseLegacyWildcard || this.#added.size > 0 || this.#dropped.size > 0)
      return;
    this.wildcard = true;
    this.say();
  }

  /** Sends a request with what has changed since the last. */
  say(answer?: { readonly nonce: string; readonly error: string | undefined }): void {
    // A first request that asks for nothing would ask for everything.
    if (this.#isFirst && !this.wildcard && this.names.size === 0) return;
    const message = answer?.error;
    this.outbox.push({
      typeUrl: this.typeUrl,
      ...(this.#isFirst ? this.#introduction() : this.#news()),
      responseNonce: answer?.nonce ?? '',
      errorDetail: message === undefined ? undefined : { message },
    });
    this.#isFirst = false;
    this.#added.clear();
    this.#dropped.clear();
  }

  /** Reads a response and answers it. Versions that begin with an x are rejected. */
  read({ nonce, batch }: Response): boolean {
    const isBad = batch.resources.some(({ name, version }) => this.wants(name) && version.startsWith('x'));
    for (const { name, version } of batch.resources) {
      if (!this.wants(name)) continue;
      if (!isBad) this.noted.set(name, version);
      if (!isBad || (this.leniency === 'applies the good ones' && !version.startsWith('x')))
        this.applied.set(name, version);
    }
    for (const name of batch.removed) {
      if (!isBad) this.noted.delete(name);
      if (!isBad || this.leniency === 'applies the good ones') this.applied.delete(name);
    }
    this.say({ nonce, error: isBad ? 'bad version' : undefined });
    return !isBad;
  }

  /** The stream is cut: what was on its way is lost, and the next request is a first one. */
  disconnect(memory: 'keeps its versions' | 'forgets its versions'): void {
    this.outbox.length = 0;
    this.#added.clear();
    this.#dropped.clear();
    this.#isFirst = true;
    this.#mayUseLegacyWildcard = this.names.size === 0;
    if (memory === 'forgets its versions') this.noted.clear();
    // What it applied of a response that it rejected it does not note, as Envoy does not, and no server can know of it.
    this.applied.clear();
    for (const [name, version] of this.noted) this.applied.set(name, version);
  }

  /** What a first request says: everything that it asks for and holds. */
  #introduction(): Asking {
    const silently = this.names.size === 0 && this.#added.size === 0;
    return {
      resourceNamesSubscribe: [...this.names, ...(this.wildcard && !silently ? ['*'] : [])],
      resourceNamesUnsubscribe: [],
      initialResourceVersions: Object.fromEntries([...this.noted].filter(([name]) => this.wants(name))),
    };
  }

  #news(): Asking {
    return {
      resourceNamesSubscribe: [...this.#added],
      resourceNamesUnsubscribe: [...this.#dropped],
      initialResourceVersions: {},
    };
  }

  #forget(): void {
    if (this.wildcard) return;
    for (const name of [...this.applied.keys(), ...this.noted.keys()]) {
      if (this.names.has(name)) continue;
      this.applied.delete(name);
      this.noted.delete(name);
    }
  }
}
