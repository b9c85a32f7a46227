// An API server of the mesh's kinds, in this process and over plain HTTP, that answers when a test wants it: for the
// moments between one answer and the next that a real one goes through too fast.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';

import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { targetPath } from '../../src/kube/resource-type.ts';
import { objectKey } from '../../src/model/key.ts';
import type { Kind, KubeObject } from '../../src/model/objects.ts';
import { kindParsers } from '../../src/source/parse/kinds.ts';
import { bookmarkLine, eventLine } from './fake-api-server.ts';
import { manifestOf } from './manifest-of.ts';

interface Watch {
  readonly kind: Kind;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

/** The kinds that a source follows, each in the newest version that it reads. */
const collections: ReadonlyMap<string, Kind> = new Map(
  Object.values(kindParsers).map(({ kind, group, versions: [version], plural }) => {
    return [targetPath({ type: { group, version, plural } }), kind];
  }),
);

/** What discovery says of them, by path. */
const groups = Map.groupBy(
  [...collections.keys()].map((path) => ({ group: dirname(path), name: basename(path) })),
  ({ group }) => group,
);

/**
 * A running server. It knows watches that begin with what there is, and such as go on after all that they were told; and
 * nothing else.
 */
export class FakeCluster implements AsyncDisposable {
  /** Paths of all that was asked for, in order, but for what is served. */
  readonly asked: string[] = [];
  /** By which selectors each of them was asked for last, which the server itself takes no notice of. */
  readonly selectors: Map<string, readonly string[]> = new Map();
  /** Paths that are answered with 403. */
  readonly forbidden: Set<string> = new Set();
  readonly client: KubeClient;
  readonly #server: Server;
  readonly #objects = new Map<string, { readonly object: KubeObject; readonly manifest: object }>();
  readonly #watches = new Set<Watch>();
  /** What is kept back from the watches of a kind. */
  readonly #held = new Map<Kind, Map<Watch, string[]>>();
  #version = 1;

  private constructor(server: Server, client: KubeClient) {
    this.#server = server;
    this.client = client;
    server.on('request', (request, response) => this.#serve(request, response));
  }

  /** Starts a server on a free port. */
  static async start(): Promise<FakeCluster> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const access = await resolveAccess({ masterURL: `http://127.0.0.1:${port}`, env: {} });
    return new FakeCluster(server, new KubeClient({ access }));
  }

  /** Number of watches that are open. */
  get watching(): number {
    return this.#watches.size;
  }

  /** Makes an object, or changes it. */
  put(object: KubeObject): void {
    const isNew = !this.#objects.has(nameOf(object));
    const manifest = this.#manifest(object);
    this.#objects.set(nameOf(object), { object, manifest });
    this.#tell(object, eventLine(isNew ? 'ADDED' : 'MODIFIED', manifest));
  }

  /** Deletes an object. */
  remove(object: KubeObject): void {
    this.#objects.delete(nameOf(object));
    this.#tell(object, eventLine('DELETED', this.#manifest(object)));
  }

  /** Keeps back what is told of a kind from now on, lists included. */
  hold(kind: Kind): void {
    this.#held.set(kind, new Map());
  }

  /** Tells each watch what was kept back, in one piece. */
  release(kind: Kind): void {
    for (const [{ response }, told] of this.#held.get(kind) ?? []) response.write(told.join(''));
    this.#held.delete(kind);
  }

  /** Ends the watches of a kind: who asks again has taken in all that came before. */
  endWatches(kind: Kind): void {
    const ended = [...this.#watches].filter((watch) => watch.kind === kind);
    for (const watch of ended) {
      this.#watches.delete(watch);
      watch.response.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
    if (!groups.has(pathname)) this.asked.push(pathname);
    this.selectors.set(pathname, [
      ...searchParams.getAll('fieldSelector'),
      ...searchParams.getAll('labelSelector'),
    ]);
    const [, namespace] = /\/namespaces\/([^/]+)\//.exec(pathname) ?? [];
    const kind = collections.get(pathname.replace(/\/namespaces\/[^/]+/, ''));
    if (this.forbidden.has(pathname)) refuse(response, 403, 'Forbidden');
    else if (groups.has(pathname)) response.end(JSON.stringify({ resources: groups.get(pathname) }));
    else if (kind === undefined) refuse(response, 404, 'NotFound');
    else if (searchParams.get('watch') !== 'true') refuse(response, 405, 'MethodNotAllowed');
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      const watch = { kind, namespace, response };
      if (searchParams.get('sendInitialEvents') === 'true') this.#tellAll(watch);
      this.#watches.add(watch);
      response.once('close', () => this.#watches.delete(watch));
    }
  }

  #tellAll(watch: Watch): void {
    for (const { object, manifest } of this.#objects.values()) {
      if (isFor(watch, object)) this.#write(watch, eventLine('ADDED', manifest));
    }
    this.#write(watch, bookmarkLine(this.#version, { 'k8s.io/initial-events-end': 'true' }));
  }

  #tell(object: KubeObject, line: string): void {
    for (const watch of this.#watches) if (isFor(watch, object)) this.#write(watch, line);
  }

  #write(watch: Watch, line: string): void {
    const held = this.#held.get(watch.kind);
    if (held === undefined) watch.response.write(line);
    else held.set(watch, [...(held.get(watch) ?? []), line]);
  }

  #manifest(object: KubeObject): object {
    const manifest = manifestOf(object);
    return { ...manifest, metadata: { ...manifest.metadata, resourceVersion: String(++this.#version) } };
  }
}

function nameOf({ kind, namespace, name }: KubeObject): string {
  return `${kind} ${objectKey(namespace, name)}`;
}

function isFor(watch: Watch, { kind, namespace }: KubeObject): boolean {
  return watch.kind === kind && (watch.namespace === undefined || watch.namespace === namespace);
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  const status = { kind: 'Status', code, reason, message: `the fake cluster says ${reason}` };
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
