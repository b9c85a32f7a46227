// An API server of one resource, in this process and over plain HTTP, that misbehaves as a test tells it. It is for
// sequences of faults that a real one can't be made to produce on command; what a real one does is tested with one.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ApiObject } from '../../src/kube/api-object.ts';
import type { ResourceType } from '../../src/kube/resource-type.ts';

/** The resource. */
export const things: ResourceType = { group: 'test.maesh', version: 'v1', plural: 'things' };

/** An object of the resource. */
export interface Thing extends ApiObject {
  readonly value: number;
}

/** What becomes of one request in place of an answer. */
export type RequestFault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: object;
      readonly headers?: Record<string, string>;
    }
  /** The connection is reset before there is an answer. */
  | { readonly kind: 'cut' }
  /** The answer is cut after so many bytes. */
  | { readonly kind: 'cut-after'; readonly bytes: number }
  /** Nothing is ever answered. */
  | { readonly kind: 'hang' };

/** A request as the server got it. */
export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface HistoryEvent {
  readonly version: number;
  readonly line: string;
}

interface Watch {
  readonly response: ServerResponse;
  /** Whether events are kept back. */
  held: string[] | undefined;
}

interface Snapshot {
  readonly version: number;
  readonly items: readonly Thing[];
}

/** A running server. Objects have versions that count up from 1, as etcd's revisions do. */
export class FakeApiServer implements AsyncDisposable {
  /** Every request so far, oldest first. */
  readonly requests: FakeRequest[] = [];
  /** Decides what becomes of a request; undefined for what it asked for. */
  fault: (request: FakeRequest) => RequestFault | undefined = () => undefined;
  /** Whether a list may be asked for as a watch. */
  streamsLists = true;
  /** Whether there is the resource. */
  isServed = true;
  readonly #server: Server;
  readonly #port: number;
  readonly #objects = new Map<string, Thing>();
  readonly #watches = new Set<Watch>();
  readonly #snapshots = new Map<string, Snapshot>();
  #history: HistoryEvent[] = [];
  #version = 1;
  #compactedAt = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Starts a server on a free port. */
  static async start(): Promise<FakeApiServer> {
    const server = createServer();
    await listen(server, 0);
    return new FakeApiServer(server, (server.address() as AddressInfo).port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get version(): number {
    return this.#version;
  }

  /** Number of watches that are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** What there is, by `namespace/name`. */
  get objects(): ReadonlyMap<string, Thing> {
    return this.#objects;
  }

  /** Makes an object, or changes it. */
  put(name: string, value: number, namespace: string = 'default'): void {
    const key = `${namespace}/${name}`;
    const version = ++this.#version;
    const thing: Thing = { metadata: { namespace, name, resourceVersion: String(version) }, value };
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(key, thing);
    this.#tell(version, type, thing);
  }

  /** Deletes an object, if it is there. */
  remove(name: string, namespace: string = 'default'): void {
    const key = `${namespace}/${name}`;
    const thing = this.#objects.get(key);
    if (thing === undefined) return;
    this.#objects.delete(key);
    const version = ++this.#version;
    const metadata = { ...thing.metadata, resourceVersion: String(version) };
    this.#tell(version, 'DELETED', { ...thing, metadata });
  }

  /** Forgets what was: watches can only be resumed from now, and lists must begin anew. */
  compact(): void {
    this.#history = [];
    this.#compactedAt = this.#version;
    this.#snapshots.clear();
  }

  /** Tells the open watches that they have every event up to a version, by default the newest. */
  bookmark(version: number = this.#version): void {
    this.send(bookmarkLine(version, {}));
  }

  /** Writes to the open watches, whatever it is. */
  send(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  /** Tells the open watches the last events again. */
  repeat(events: number): void {
    for (const { line } of this.#history.slice(-events)) this.send(line);
  }

  /** Keeps events back from the open watches. */
  hold(): void {
    for (const watch of this.#watches) watch.held ??= [];
  }

  /** Tells the events that were kept back, the last first. */
  releaseReversed(): void {
    for (const watch of this.#watches) {
      watch.response.write((watch.held ?? []).toReversed().join(''));
      watch.held = undefined;
    }
  }

  /** Ends the open watches as a server does whose time is up. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
    this.#watches.clear();
  }

  /** Resets every connection. */
  cut(): void {
    this.#watches.clear();
    this.#server.closeAllConnections();
  }

  /** Goes away: connections are reset, and new ones refused. */
  async goDown(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.cut();
    await closed;
  }

  /** Comes back, with what it had. */
  async comeUp(): Promise<void> {
    if (!this.#server.listening) await listen(this.#server, this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goDown();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    // A client that gives up in the middle is no matter of the server's.
    incoming.on('error', () => undefined);
    incoming.on('data', (chunk: Buffer) => body.push(chunk));
    await new Promise((resolve) => {
      incoming.on('close', resolve).on('end', resolve);
    });
    const request: FakeRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', this.url),
      headers: incoming.headers,
      body: Buffer.concat(body).toString(),
    };
    this.requests.push(request);
    const fault = this.fault(request);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'cut') incoming.socket.resetAndDestroy();
    else if (fault?.kind === 'answer') answer(response, fault.status, fault.body ?? {}, fault.headers);
    else this.#answer(request, fault === undefined ? response : cutAfter(response, fault.bytes));
  }

  #answer({ url }: FakeRequest, response: ServerResponse): void {
    const path = url.pathname;
    if (path === '/apis/test.maesh/v1') {
      if (this.isServed)
        answer(response, 200, { resources: [{ name: 'things' }, { name: 'things/status' }] });
      else answer(response, 404, {});
      return;
    }
    if (!this.isServed || !path.startsWith('/apis/test.maesh/v1/')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      return;
    }
    if (url.searchParams.get('watch') === 'true') this.#watch(url.searchParams, response);
    else this.#list(url.searchParams, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const [id = '', start = '0'] = (query.get('continue') ?? '').split(':');
    const snapshot =
      id === '' ? { version: this.#version, items: sorted(this.#objects) } : this.#snapshots.get(id);
    if (snapshot === undefined) {
      answer(response, 410, { reason: 'Expired', message: 'The provided continue parameter is too old' });
      return;
    }
    const limit = Number(query.get('limit') ?? snapshot.items.length);
    const end = Number(start) + limit;
    const isMore = end < snapshot.items.length;
    const key = id === '' ? `s${this.#snapshots.size + 1}-${this.#version}` : id;
    if (isMore) this.#snapshots.set(key, snapshot);
    const metadata = {
      resourceVersion: String(snapshot.version),
      ...(isMore && { continue: `${key}:${end}` }),
    };
    answer(response, 200, { metadata, items: snapshot.items.slice(Number(start), end) });
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const isList = query.get('sendInitialEvents') === 'true';
    if (isList && !this.streamsLists) {
      answer(response, 422, { reason: 'Invalid', message: 'sendInitialEvents is forbidden for watch' });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const from = Number(query.get('resourceVersion') ?? '0');
    if (!isList && from < this.#compactedAt) {
      response.end(errorLine(410, 'Expired', 'too old resource version'));
      return;
    }
    if (isList) {
      for (const thing of sorted(this.#objects)) response.write(eventLine('ADDED', thing));
      response.write(bookmarkLine(this.#version, { 'k8s.io/initial-events-end': 'true' }));
    } else {
      for (const { version, line } of this.#history) if (version > from) response.write(line);
    }
    const watch: Watch = { response, held: undefined };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }

  #tell(version: number, type: 'ADDED' | 'MODIFIED' | 'DELETED', thing: Thing): void {
    const line = eventLine(type, thing);
    this.#history.push({ version, line });
    for (const { response, held } of this.#watches) {
      if (held === undefined) response.write(line);
      else held.push(line);
    }
  }
}

/** A line of a watch: an ERROR event. */
export function errorLine(code: number, reason: string, message: string): string {
  return `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason, message } })}\n`;
}

/** A line of a watch. */
export function eventLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** A line of a watch: word that everything up to a version has come. */
export function bookmarkLine(version: number, annotations: Readonly<Record<string, string>>): string {
  return eventLine('BOOKMARK', { metadata: { resourceVersion: String(version), annotations } });
}

function sorted(objects: ReadonlyMap<string, Thing>): readonly Thing[] {
  return [...objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, thing]) => thing);
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(`${JSON.stringify(body)}\n`);
}

/** A response of which only the first bytes come through. */
function cutAfter(response: ServerResponse, bytes: number): ServerResponse {
  let left = bytes;
  const write = response.write.bind(response);
  const limited = (text: string = ''): boolean => {
    const chunk = Buffer.from(text);
    write(chunk.subarray(0, left));
    left -= chunk.length;
    // What was written has to leave before the connection breaks.
    if (left <= 0) setImmediate(() => response.socket?.destroySoon());
    return true;
  };
  response.write = limited as ServerResponse['write'];
  response.end = ((text?: string) => {
    limited(text);
    left = 0;
    setImmediate(() => response.socket?.destroySoon());
    return response;
  }) as ServerResponse['end'];
  return response;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
