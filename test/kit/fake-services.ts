// The Services of one namespace as an API server has them, in this process and over plain HTTP: listed and watched as
// one stream, applied, patched and deleted. It keeps what is written, and refuses what a test says.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { isRecord, type ApiObject, type ObjectToWrite } from '../../src/kube/api-object.ts';

const collection = '/api/v1/namespaces/maesh/services';

/** A running server. */
export class FakeServices implements AsyncDisposable {
  /** What was asked to be written, oldest first: `create NAME`, `apply NAME`, `patch NAME`, `delete NAME`. */
  readonly writes: string[] = [];
  /** The status with which a write is refused; undefined for none. */
  refuse: (write: string) => number | undefined = () => undefined;
  /** Whether a write is done, but answered by HTTP 500. */
  losesAnswer: (write: string) => boolean = () => false;
  /** How often what there is was listed otherwise than by a watch. */
  lists = 0;
  /** Whether watches are told nothing of what happens. */
  isSilent = false;
  readonly url: string;
  readonly #server: Server;
  readonly #objects = new Map<string, ApiObject>();
  /** Annotations that were applied last, by the name of the Service. */
  readonly #applied = new Map<string, readonly string[]>();
  readonly #watches = new Set<ServerResponse>();
  #version = 1;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Starts a server on a free port. */
  static async start(): Promise<FakeServices> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new FakeServices(server);
  }

  /** What there is, sorted. */
  get names(): readonly string[] {
    return [...this.#objects.keys()].toSorted();
  }

  get(name: string): ApiObject | undefined {
    return this.#objects.get(name);
  }

  /** Makes or changes a Service, as somebody else does. */
  put(object: ObjectToWrite): ApiObject {
    const { name } = object.metadata;
    const before = this.#objects.get(name);
    const resourceVersion = String(++this.#version);
    const uid = before?.metadata.uid ?? `uid-${resourceVersion}`;
    const after = { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
    this.#objects.set(name, after);
    this.#tell(before === undefined ? 'ADDED' : 'MODIFIED', after);
    return after;
  }

  /** Deletes a Service, if it is there. */
  remove(name: string): void {
    const object = this.#objects.get(name);
    if (object === undefined) return;
    this.#objects.delete(name);
    this.#tell('DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.#version) },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    if (request.method === 'GET') {
      if (url.searchParams.has('watch')) this.#watch(response);
      else answer(response, 200, this.#list());
      return;
    }
    const body = JSON.parse(await text(request)) as ObjectToWrite;
    const name = request.method === 'POST' ? body.metadata.name : url.pathname.slice(collection.length + 1);
    const verb = verbOf(request);
    this.writes.push(`${verb} ${name}`);
    const status = this.refuse(`${verb} ${name}`) ?? this.#refusal(verb, name, body);
    if (status !== undefined) answer(response, status, { kind: 'Status', message: 'refused by the test' });
    else {
      const done = this.#write(verb, name, body);
      if (this.losesAnswer(`${verb} ${name}`)) answer(response, 500, { kind: 'Status' });
      else answer(response, 200, done);
    }
  }

  #write(verb: string, name: string, body: ObjectToWrite): object {
    if (verb === 'delete') {
      this.remove(name);
      return { kind: 'Status', status: 'Success' };
    }
    if (verb === 'apply') this.#disown(name, body);
    return this.put(this.#merged(name, body));
  }

  /** What a server would say of the versions that are required. */
  #refusal(verb: string, name: string, body: ObjectToWrite): number | undefined {
    const there = this.#objects.get(name);
    if (verb === 'create') return there === undefined ? undefined : 409;
    if (there === undefined) return verb === 'apply' ? undefined : 404;
    const required = isRecord(body['preconditions']) ? body['preconditions'] : (body.metadata ?? {});
    const version: unknown = required['resourceVersion'] ?? there.metadata.resourceVersion;
    return version === there.metadata.resourceVersion ? undefined : 409;
  }

  /** Takes away the annotations that were applied before and now are not: whoever applies has them to himself. */
  #disown(name: string, body: ObjectToWrite): void {
    const applied = fields(body.metadata?.['annotations']);
    const annotations = fields(this.#objects.get(name)?.metadata['annotations']);
    for (const key of this.#applied.get(name) ?? []) if (!(key in applied)) delete annotations[key];
    this.#applied.set(name, Object.keys(applied));
  }

  #merged(name: string, body: ObjectToWrite): ObjectToWrite {
    const { spec, metadata } = body;
    const there = this.#objects.get(name);
    const annotations = { ...fields(there?.metadata['annotations']), ...fields(metadata?.['annotations']) };
    // By null a merge patch takes a field away.
    for (const [key, value] of Object.entries(annotations)) if (value === null) delete annotations[key];
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...there?.metadata, ...metadata, name, annotations },
      spec: { ...fields(there?.['spec']), ...fields(spec) },
    };
  }

  #list(): object {
    this.lists += 1;
    return { metadata: { resourceVersion: String(this.#version) }, items: [...this.#objects.values()] };
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const object of this.#objects.values()) response.write(line('ADDED', object));
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    response.write(line('BOOKMARK', { metadata: { resourceVersion: String(this.#version), annotations } }));
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }

  #tell(type: string, object: object): void {
    if (!this.isSilent) for (const watch of this.#watches) watch.write(line(type, object));
  }
}

function fields(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function verbOf({ method, headers }: IncomingMessage): string {
  if (method === 'POST') return 'create';
  if (method === 'DELETE') return 'delete';
  return headers['content-type'] === 'application/apply-patch+yaml' ? 'apply' : 'patch';
}
