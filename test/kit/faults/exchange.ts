// One request on its way through the fault proxy: to the server and back, as far as the faults in force let it.

import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { request as send, type Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

import type { WatchEvent } from '../kube-objects.ts';
import type { Random } from '../mutations/random.ts';
import type { Faults, FaultOf, SeenRequest } from './fault.ts';
import { lines } from './lines.ts';
import { statusBody, type StatusError } from './status.ts';
import { WatchHistory } from './watch-history.ts';

/** What the exchanges of one proxy have in common. */
export interface ExchangeContext {
  /** The server's, without a path. */
  readonly url: string;
  /** Connections to the server for a request that brings a token, and for one that doesn't. */
  readonly agents: { readonly token: Agent; readonly certificate: Agent };
  readonly faults: Faults;
  readonly random: Random;
  /** What clients were told, by collection. */
  readonly histories: Map<string, WatchHistory>;
  /** Resets the connection that a request came on. */
  readonly reset: (request: IncomingMessage) => void;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** A request and its answer. */
export class Exchange {
  readonly seen: SeenRequest;
  readonly #seen: Mutable<SeenRequest>;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: ExchangeContext;
  /** Aborts when the answer is complete, or the connection gone. */
  readonly #over = new AbortController();
  #cut: FaultOf<'cut'> | undefined;
  #sentBytes = 0;
  #lastLine = '{"type":"BOOKMARK","object":{}}';

  constructor(request: IncomingMessage, response: ServerResponse, context: ExchangeContext) {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', context.url);
    const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
    this.#seen = { method: request.method ?? 'GET', path, query, isWatch, status: 0 };
    this.seen = this.#seen;
    this.#request = request;
    this.#response = response;
    this.#context = context;
    response.on('close', () => this.#over.abort());
    // A client that goes away is nobody's error.
    response.on('error', () => {});
    request.on('error', () => {});
  }

  /** Whether nothing more is said. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Resolves when the exchange is over. */
  async run(): Promise<void> {
    const { faults } = this.#context;
    await this.#holdUp();
    this.#cut = faults.meet('cut', this.seen);
    if (this.#cut?.at === 'request') this.reset();
    if (this.isOver) return;
    const answer = faults.meet('answer', this.seen);
    if (answer === undefined) await this.#forward();
    else this.#refuse(answer);
  }

  /** Resets the client's connection. */
  reset(): void {
    this.#over.abort();
    this.#context.reset(this.#request);
  }

  /** Ends a watch as a server does that can't go on with it: with an ERROR event, in good order. */
  endWatch(error: StatusError): void {
    this.#response.end(`{"type":"ERROR","object":${statusBody(error)}}\n`);
    this.#over.abort();
  }

  /** Closes the connection of a watch in the middle of an event. */
  async endMidEvent(): Promise<void> {
    const half = this.#lastLine.slice(0, this.#lastLine.length / 2);
    const sent = new Promise((resolve) => this.#response.write(half, resolve));
    this.#over.abort();
    await sent;
    // A reset would let the client lose the half event too.
    this.#request.socket.destroySoon();
  }

  async #holdUp(): Promise<void> {
    const { faults } = this.#context;
    const slow = faults.meet('delay', this.seen);
    if (slow !== undefined) await pause(slow.ms, undefined, { signal: this.#over.signal }).catch(() => {});
    await faults.unstalled(this.seen, this.#over.signal);
  }

  #refuse({ status, retryAfterSeconds }: FaultOf<'answer'>): void {
    // The body is read, so that the connection can be used again.
    this.#request.resume();
    this.#writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    });
    this.#response.end(statusBody({ code: status, retryAfterSeconds }));
  }

  async #forward(): Promise<void> {
    try {
      const answer = await this.#ask();
      try {
        await this.#holdUp();
        if (this.#cut?.at === 'answer') this.reset();
        if (!this.isOver) await this.#pass(answer);
      } finally {
        answer.destroy();
      }
    } catch {
      // The server has gone away, or the client; the one learns of the other.
      if (!this.isOver) this.reset();
    }
  }

  #ask(): Promise<IncomingMessage> {
    const { url, agents } = this.#context;
    const { host: _, ...headers } = this.#request.headers;
    // The events of a watch are read here.
    if (this.seen.isWatch) delete headers['accept-encoding'];
    const agent = headers.authorization === undefined ? agents.certificate : agents.token;
    const { method } = this.seen;
    return new Promise((resolve, reject) => {
      const options = { agent, method, headers, signal: this.#over.signal };
      const asked = send(url + (this.#request.url ?? '/'), options, resolve);
      asked.on('error', reject);
      this.#request.pipe(asked);
    });
  }

  async #pass(answer: IncomingMessage): Promise<void> {
    const { statusCode = 0, headers } = answer;
    const { connection: _, 'transfer-encoding': __, ...kept } = headers;
    this.#writeHead(statusCode, kept);
    if (this.seen.isWatch && statusCode === 200) await this.#passWatch(answer);
    else await this.#passBody(answer);
    if (!this.isOver) this.#response.end();
  }

  async #passBody(answer: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of answer) {
      await this.#holdUp();
      await this.#write(chunk);
      if (this.isOver) return;
    }
  }

  async #passWatch(answer: AsyncIterable<Buffer>): Promise<void> {
    const history = this.#history();
    const from = resumedFrom(this.seen.query);
    if (from !== undefined) await this.#replay(history, from);
    let isInitial = from === undefined;
    for await (const line of lines(answer)) {
      await this.#holdUp();
      const event = JSON.parse(line) as WatchEvent;
      if (isInitial && endsInitialEvents(event)) {
        isInitial = false;
        history.begin(BigInt(event.object.metadata.resourceVersion ?? 0));
      } else if (event.type === 'BOOKMARK' && this.#context.faults.meet('drop-bookmarks', this.seen)) {
        continue;
      }
      if (this.isOver) return;
      if (!isInitial) history.add(line, event);
      this.#lastLine = line;
      await this.#write(Buffer.from(`${line}\n`));
    }
  }

  async #replay(history: WatchHistory, from: bigint): Promise<void> {
    const { faults, random } = this.#context;
    const { events = 0 } = faults.meet('replay', this.seen) ?? {};
    for (const line of history.upTo(from, { events, random })) await this.#write(Buffer.from(`${line}\n`));
    history.begin(from);
  }

  /** Histories of watches of the same objects are one. */
  #history(): WatchHistory {
    const { path, query } = this.seen;
    const { histories } = this.#context;
    const key = [path, query.get('labelSelector'), query.get('fieldSelector')].join('?');
    const history = histories.get(key) ?? new WatchHistory();
    histories.set(key, history);
    return history;
  }

  #writeHead(status: number, headers: OutgoingHttpHeaders): void {
    this.#seen.status = status;
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.isOver) return;
    const rest = typeof this.#cut?.at === 'number' ? this.#cut.at - this.#sentBytes : Infinity;
    const ready = this.#response.write(bytes.subarray(0, rest));
    this.#sentBytes += bytes.length;
    if (bytes.length >= rest) await this.#endShort();
    else if (!ready) await once(this.#response, 'drain', { signal: this.#over.signal });
  }

  /** Ends the connection when what was written is on its way. */
  async #endShort(): Promise<void> {
    await new Promise((resolve) => this.#response.write('', resolve));
    this.#over.abort();
    this.#request.socket.destroySoon();
  }
}

/** The revision from which a watch goes on; undefined where it begins with what there is. */
function resumedFrom(query: URLSearchParams): bigint | undefined {
  const revision = query.get('resourceVersion') ?? '';
  if (!/^[1-9]\d*$/.test(revision) || query.get('sendInitialEvents') === 'true') return undefined;
  return BigInt(revision);
}

function endsInitialEvents({ type, object }: WatchEvent): boolean {
  const { annotations } = object.metadata as { annotations?: Readonly<Record<string, string>> };
  return type === 'BOOKMARK' && annotations?.['k8s.io/initial-events-end'] === 'true';
}
