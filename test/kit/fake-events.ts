// The Events that an API server has, as far as those who write them see: listed, created, patched and deleted. It keeps
// what is written, and refuses what a test says.

import type { ServerResponse } from 'node:http';

import type { ApiObject, ObjectToWrite } from '../../src/kube/api-object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { clientOf, type Seen } from './kube-answers.ts';

/** An answer; where a test gives it, in place of the server's. */
export interface EventAnswer {
  readonly status: number;
  readonly body?: object;
  /** Whether it has done what was asked all the same. */
  readonly isDone?: boolean;
}

/** A server that ends with the test. */
export class FakeEvents {
  /** What was asked for, oldest first: `list`, or `create NAME`, `patch NAME`, `delete NAME`. */
  readonly calls: string[] = [];
  refuse: (call: string) => EventAnswer | undefined = () => undefined;
  readonly #events = new Map<string, ApiObject>();
  #version = 1;

  /** Starts a server, and a client of it. */
  static async start(): Promise<{ readonly server: FakeEvents; readonly client: KubeClient }> {
    const server = new FakeEvents();
    const { client, seen } = await clientOf((_, response) => {
      for (const request of seen.slice(-1)) server.#serve(request, response);
    });
    return { server, client };
  }

  get all(): readonly ApiObject[] {
    return [...this.#events.values()];
  }

  /** How often something was asked for. */
  count(verb: string): number {
    return this.calls.filter((call) => call.startsWith(verb)).length;
  }

  put(event: ObjectToWrite): void {
    const resourceVersion = String(++this.#version);
    const metadata = { uid: `uid-${resourceVersion}`, ...event.metadata, resourceVersion };
    this.#events.set(event.metadata.name, { ...event, metadata });
  }

  /** Forgets an Event, as servers do after an hour. */
  forget(name: string): void {
    this.#events.delete(name);
  }

  #serve(request: Seen, response: ServerResponse): void {
    const { verb, name, act } = this.#asked(request);
    const call = verb === 'list' ? verb : `${verb} ${name}`;
    this.calls.push(call);
    const refusal = this.refuse(call);
    const answer = refusal === undefined || refusal.isDone === true ? act() : refusal;
    const { status, body = {} } = refusal ?? answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #asked({ method, url, body: text }: Seen): {
    readonly verb: string;
    readonly name: string;
    readonly act: () => EventAnswer;
  } {
    const { pathname, searchParams } = new URL(url, 'http://fake');
    const body = (text === '' ? {} : JSON.parse(text)) as Body;
    const name = /\/events\/(.*)$/.exec(pathname)?.[1] ?? body.metadata?.name ?? '';
    switch (method) {
      case 'POST':
        return { verb: 'create', name, act: () => this.#create(body as ObjectToWrite) };
      case 'PATCH':
        return { verb: 'patch', name, act: () => this.#patch(name, body) };
      case 'DELETE':
        return { verb: 'delete', name, act: () => this.#delete(name, body) };
      default:
        return { verb: 'list', name, act: () => this.#list(searchParams.get('fieldSelector') ?? '') };
    }
  }

  #list(selector: string): EventAnswer {
    const [field, value] = selector.split('=');
    const items = this.all.filter(({ metadata, reportingController }) =>
      field === 'metadata.name' ? metadata.name === value : reportingController === value,
    );
    return { status: 200, body: { metadata: { resourceVersion: String(this.#version) }, items } };
  }

  #create(event: ObjectToWrite): EventAnswer {
    const { name } = event.metadata;
    if (this.#events.has(name)) return { status: 409, body: { reason: 'AlreadyExists' } };
    this.put(event);
    return { status: 201, body: this.#events.get(name) ?? {} };
  }

  #patch(name: string, patch: Body): EventAnswer {
    const event = this.#events.get(name);
    if (event === undefined) return notFound;
    const { metadata: _, ...fields } = patch;
    const after = { ...event, ...fields };
    this.#events.set(name, after);
    return { status: 200, body: after };
  }

  #delete(name: string, { preconditions }: Body): EventAnswer {
    const event = this.#events.get(name);
    if (event === undefined) return notFound;
    const { uid } = event.metadata;
    if ((preconditions?.uid ?? uid) !== uid) return { status: 409, body: { reason: 'Conflict' } };
    this.forget(name);
    return { status: 200, body: { kind: 'Status', status: 'Success' } };
  }
}

interface Body {
  readonly metadata?: { readonly name: string };
  readonly preconditions?: { readonly uid?: string };
}

const notFound: EventAnswer = { status: 404, body: { reason: 'NotFound' } };
