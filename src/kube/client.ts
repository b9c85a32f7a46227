// A thin client of the Kubernetes API: the verbs, as JSON over HTTP.

import type { IncomingMessage } from 'node:http';

import { isApiObject, isRecord, type ApiObject, type ObjectToWrite } from './api-object.ts';
import { failure, type Subject } from './kube-error.ts';
import { targetPath, type ResourceType, type Target } from './resource-type.ts';
import { Transport, type CallOptions, type CallRequest, type TransportOptions } from './transport.ts';

/** One object. */
export interface ObjectName extends Target {
  readonly name: string;
}

/** Some objects of a resource. */
export interface Selection {
  readonly type: ResourceType;
  /** Absent for all namespaces. */
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** A part of a list. */
export interface ListPage {
  readonly items: readonly ApiObject[];
  /** The version of the whole list, the same on all its pages: what a watch goes on from. */
  readonly resourceVersion: string;
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Under which name Maesh owns the fields that it writes. */
const fieldManager = 'maesh';
const json = 'application/json';
const mergePatch = 'application/merge-patch+json';
/** Server-side apply; JSON is YAML. */
const applyPatch = 'application/apply-patch+yaml';
const pods: ResourceType = { group: '', version: 'v1', plural: 'pods' };
/** Objects a page: reading one takes a few milliseconds. */
const pageSize = 250;

/**
 * Calls to one API server. Every method rejects with KubeError, or with the reason of the caller's signal. Where the
 * type of an object says no namespace, `namespace` stays absent.
 */
export class KubeClient {
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
  }

  /** Gets an object. */
  async get(target: ObjectName, options?: CallOptions): Promise<ApiObject> {
    return await this.#object({ verb: 'get', target }, read(targetPath(target)), options);
  }

  /** Lists one page of a selection. A page that is asked for too late after the first is refused as `Expired`. */
  async listPage(
    selection: Selection,
    options: CallOptions & { readonly from?: string | undefined; readonly limit?: number } = {},
  ): Promise<ListPage> {
    const { from, limit = pageSize } = options;
    const subject: Subject = { verb: 'list', target: selection };
    const query = { ...selectors(selection), limit, continue: from };
    return asPage(subject, await this.#transport.call(subject, read(targetPath(selection), query), options));
  }

  /** Lists a whole selection. What may be many is better followed, or listed page by page. */
  async list(selection: Selection, options?: CallOptions): Promise<readonly ApiObject[]> {
    const items: ApiObject[] = [];
    let from: string | undefined;
    do {
      const page: ListPage = await this.listPage(selection, { ...options, from });
      items.push(...page.items);
      from = page.next;
    } while (from !== undefined);
    return items;
  }

  /**
   * Begins to watch: resolves with the stream of events once the server has agreed; the time limit ends there. The
   * signal ends the stream too.
   */
  async watch(
    selection: Selection,
    options: CallOptions & { readonly query: Query; readonly signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const query = { ...selectors(selection), watch: true, ...options.query };
    const subject: Subject = { verb: 'watch', target: selection };
    return await this.#transport.open(subject, read(targetPath(selection), query), options);
  }

  /** Creates an object. Rejects with reason `AlreadyExists` where there is one of its name. */
  async create(type: ResourceType, object: ObjectToWrite, options?: CallOptions): Promise<ApiObject> {
    const { name, namespace } = object.metadata;
    const request = write('POST', {
      // Objects are created in their collection, whose path does not have the name.
      path: targetPath({ type, namespace }),
      query: { fieldManager },
      body: { type: json, value: object },
    });
    return await this.#object({ verb: 'create', target: { type, namespace, name } }, request, options);
  }

  /**
   * Server-side apply as field manager `maesh`: the object has what is given here, whether it was there or not. Fields
   * that Maesh gave before and gives no more are removed, and those of others that are in the way are taken over. With
   * `resourceVersion` in its metadata, only an object of that version is changed: else rejects with reason `Conflict`.
   */
  async apply(
    type: ResourceType,
    object: ObjectToWrite,
    options: CallOptions & { readonly subresource?: string } = {},
  ): Promise<ApiObject> {
    const { name, namespace } = object.metadata;
    const target = { type, namespace, name, subresource: options.subresource };
    const request = write('PATCH', {
      path: targetPath(target),
      query: { fieldManager, force: true },
      body: { type: applyPatch, value: object },
    });
    return await this.#object({ verb: 'patch', target }, { ...request, isRepeatable: true }, options);
  }

  /**
   * Changes fields of an object by a merge patch (RFC 7386). With `resourceVersion` only an object of that version is
   * changed: else rejects with reason `Conflict`.
   */
  async patch(
    target: ObjectName,
    patch: Readonly<Record<string, unknown>>,
    options: CallOptions & { readonly resourceVersion?: string } = {},
  ): Promise<ApiObject> {
    const { resourceVersion } = options;
    const metadata = isRecord(patch['metadata']) ? patch['metadata'] : {};
    const value =
      resourceVersion === undefined ? patch : { ...patch, metadata: { ...metadata, resourceVersion } };
    const body = { type: mergePatch, value };
    const request = write('PATCH', { path: targetPath(target), query: { fieldManager }, body });
    return await this.#object({ verb: 'patch', target }, request, options);
  }

  /**
   * Deletes an object. With `uid` or `resourceVersion` only the very object or version: else rejects with reason
   * `Conflict`. Rejects with `NotFound` where there is none.
   */
  async delete(
    target: ObjectName,
    options: CallOptions & { readonly uid?: string; readonly resourceVersion?: string } = {},
  ): Promise<void> {
    const { uid, resourceVersion } = options;
    const preconditions = {
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    const value = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
    const request = write('DELETE', { path: targetPath(target), query: {}, body: { type: json, value } });
    await this.#transport.call({ verb: 'delete', target }, request, options);
  }

  /** Gets a document that is no object, by its path: `/version`, `/apis`. */
  async document(path: string, options?: CallOptions): Promise<unknown> {
    return await this.#transport.call({ verb: 'get', path }, read(path), options);
  }

  /** Posts what is only a question, such as a SubjectAccessReview, and resolves with the same as it was answered. */
  async review(type: ResourceType, question: object, options?: CallOptions): Promise<unknown> {
    const body = { type: json, value: question };
    const request = write('POST', { path: targetPath({ type }), query: {}, body });
    return await this.#transport.call({ verb: 'create', target: { type } }, request, options);
  }

  /**
   * Gets a document from a pod through the API server's proxy.
   *
   * @param path - below the pod's root: `/healthz`.
   */
  async getFromPod(
    pod: { readonly namespace: string; readonly name: string; readonly port: number },
    path: string,
    options?: CallOptions,
  ): Promise<unknown> {
    const { namespace, name, port } = pod;
    const target = { type: pods, namespace, name: `${name}:${port}`, subresource: 'proxy' };
    return await this.#transport.call({ verb: 'get', target }, read(targetPath(target) + path), options);
  }

  /** Closes connections that nothing uses any more. */
  close(): void {
    this.#transport.close();
  }

  async #object(subject: Subject, request: CallRequest, options?: CallOptions): Promise<ApiObject> {
    const answer = await this.#transport.call(subject, request, options);
    if (isApiObject(answer)) return answer;
    throw failure(subject, { reason: 'Malformed', why: 'the answer is no object' });
  }
}

function read(path: string, query: Query = {}): CallRequest {
  return { method: 'GET', path: `${path}${queryText(query)}`, isRepeatable: true };
}

function write(
  method: 'POST' | 'PATCH' | 'DELETE',
  what: {
    readonly path: string;
    readonly query: Query;
    readonly body: { readonly type: string; readonly value: object };
  },
): CallRequest {
  const { path, query, body } = what;
  return {
    method,
    path: `${path}${queryText(query)}`,
    body: { type: body.type, text: JSON.stringify(body.value) },
    isRepeatable: false,
  };
}

function selectors({ fieldSelector, labelSelector }: Selection): Query {
  return { fieldSelector, labelSelector };
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

function asPage(subject: Subject, list: unknown): ListPage {
  const { items: given, metadata } = isRecord(list) ? list : {};
  // Go has no other way to say none.
  const items: unknown = given === null ? [] : given;
  const { resourceVersion, continue: next } = isRecord(metadata) ? metadata : {};
  if (!Array.isArray(items) || typeof resourceVersion !== 'string' || !items.every(isApiObject)) {
    throw failure(subject, { reason: 'Malformed', why: 'the answer is no list' });
  }
  return { items, resourceVersion, next: typeof next === 'string' && next !== '' ? next : undefined };
}
