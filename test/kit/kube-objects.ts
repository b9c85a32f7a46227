// What tests do with an API server: apply manifests, read, delete, watch. By the server's own discovery it knows every
// kind that the server knows.

import { createInterface } from 'node:readline';
import { parseAllDocuments } from 'yaml';

import {
  KubeRequester,
  readAnswer,
  type KubeAccess,
  type KubeAnswer,
  type KubeRequest,
} from './kube-request.ts';

/** Which object. */
export interface KubeReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Any object. */
export interface KubeObject extends KubeReference {
  readonly metadata: KubeReference['metadata'] & {
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly generation?: number;
  };
  readonly [field: string]: unknown;
}

/** One line of a watch. The object of an `ERROR` is a Status. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

/** What the server refuses to do: its status code, and its words as the message. */
export class KubeRefusal extends Error {
  readonly status: number;

  constructor({ path, method }: KubeRequest, { status, body }: KubeAnswer) {
    const { message } = body as { message?: string };
    super(`${method ?? 'GET'} ${path}: ${status} ${message ?? JSON.stringify(body)}`);
    this.name = 'KubeRefusal';
    this.status = status;
  }
}

/** A kind as the server's discovery gives it. */
interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const applyQuery = 'fieldManager=maesh-test&force=true';

/** The objects of an API server, for one user. It keeps its connections until it is disposed of. */
export class KubeObjects implements Disposable {
  readonly #requester: KubeRequester;
  readonly #kinds = new Map<string, Promise<readonly ApiResource[]>>();
  readonly #namespaces = new Set<string>();

  constructor(access: KubeAccess) {
    this.#requester = new KubeRequester(access);
  }

  /** Sends any request. @throws KubeRefusal if the answer is not of the 200s. */
  async send(request: KubeRequest): Promise<unknown> {
    const answer = await this.#requester.send(request);
    if (answer.status < 200 || answer.status > 299) throw new KubeRefusal(request, answer);
    return answer.body;
  }

  /**
   * Applies objects in their order, each as far as its fields go, its status too. Namespaces that are not there are
   * made, with the service account that pods need. What only a server gives (uid, resourceVersion) is left out, so
   * that what was read from another server can be applied as it is. Resolves with what the server holds then.
   */
  async apply(...objects: readonly KubeObject[]): Promise<readonly KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const object of objects.flatMap(itemsOf)) applied.push(await this.#applyOne(object));
    return applied;
  }

  /** Applies the documents of a YAML text. */
  applyYaml(text: string): Promise<readonly KubeObject[]> {
    const documents = parseAllDocuments(text).map((document) => document.toJS() as KubeObject | null);
    return this.apply(...documents.filter((each) => each !== null));
  }

  /** Reads an object; undefined where there is none. */
  async get(reference: KubeReference): Promise<KubeObject | undefined> {
    try {
      return (await this.send({ path: await this.path(reference) })) as KubeObject;
    } catch (error) {
      if (error instanceof KubeRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Reads all objects of a collection such as `/api/v1/namespaces/store/services`, which may have a query. */
  async list(path: string): Promise<readonly KubeObject[]> {
    return ((await this.send({ path })) as { items: readonly KubeObject[] }).items;
  }

  /** Deletes objects, pods at once. Those that are not there are no error. */
  async delete(...references: readonly KubeReference[]): Promise<void> {
    for (const reference of references) {
      try {
        await this.send({ method: 'DELETE', path: `${await this.path(reference)}?gracePeriodSeconds=0` });
      } catch (error) {
        if (!(error instanceof KubeRefusal) || error.status !== 404) throw error;
      }
    }
  }

  /**
   * Watches a collection, whose query says from where, until the caller leaves the loop or the server ends it. Throws
   * where the connection is cut.
   */
  async *watch(path: string): AsyncGenerator<WatchEvent, void> {
    const request = { path: `${path}${path.includes('?') ? '&' : '?'}watch=true` };
    const response = await this.#requester.open(request);
    try {
      if (response.statusCode !== 200) throw new KubeRefusal(request, await readAnswer(response));
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
    } finally {
      response.destroy();
    }
  }

  /** A token of a service account, good for an hour. Without the account it dies within 10 s, when the server looks again. */
  async token({ name, namespace }: { readonly name: string; readonly namespace: string }): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await this.send({ method: 'POST', path, body });
    return (answer as { status: { token: string } }).status.token;
  }

  /** The path of an object. */
  async path({ apiVersion, kind, metadata }: KubeReference): Promise<string> {
    const { name, namespaced } = await this.#resource(apiVersion, kind);
    const namespace = namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${rootOf(apiVersion)}${namespace}/${name}/${metadata.name}`;
  }

  [Symbol.dispose](): void {
    this.#requester[Symbol.dispose]();
  }

  async #applyOne(object: KubeObject): Promise<KubeObject> {
    const { status, ...rest } = withoutServersFields(object);
    const { namespaced } = await this.#resource(object.apiVersion, object.kind);
    if (namespaced) await this.#makeNamespace(object.metadata.namespace ?? 'default');
    const path = await this.path(object);
    const applied = await this.#patch(path, rest);
    if (status === undefined) return applied;
    const { apiVersion, kind, metadata } = object;
    const { name, namespace } = metadata;
    return this.#patch(`${path}/status`, { apiVersion, kind, metadata: { name, namespace }, status });
  }

  async #patch(path: string, body: object): Promise<KubeObject> {
    const contentType = 'application/apply-patch+yaml';
    return (await this.send({
      method: 'PATCH',
      path: `${path}?${applyQuery}`,
      body,
      contentType,
    })) as KubeObject;
  }

  async #makeNamespace(name: string): Promise<void> {
    if (this.#namespaces.has(name)) return;
    this.#namespaces.add(name);
    const account = { name: 'default', namespace: name };
    await this.#patch(`/api/v1/namespaces/${name}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
    await this.#patch(`/api/v1/namespaces/${name}/serviceaccounts/default`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: account,
    });
  }

  async #resource(apiVersion: string, kind: string): Promise<ApiResource> {
    const find = async (): Promise<ApiResource | undefined> => {
      const known = this.#kinds.get(apiVersion) ?? this.#discover(apiVersion);
      this.#kinds.set(apiVersion, known);
      return (await known).find((each) => each.kind === kind && !each.name.includes('/'));
    };
    const found = await find();
    if (found !== undefined) return found;
    // Definitions of custom resources come and go.
    this.#kinds.delete(apiVersion);
    const foundNow = await find();
    if (foundNow === undefined) throw new Error(`The API server knows no ${kind} of ${apiVersion}`);
    return foundNow;
  }

  async #discover(apiVersion: string): Promise<readonly ApiResource[]> {
    const answer = await this.#requester.send({ path: rootOf(apiVersion) });
    return answer.status === 200 ? (answer.body as { resources: readonly ApiResource[] }).resources : [];
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The objects of a `List`; the object itself if it is none. */
function itemsOf(object: KubeObject): readonly KubeObject[] {
  return object.kind === 'List' ? (object['items'] as readonly KubeObject[]) : [object];
}

const serversFields: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'managedFields',
  'creationTimestamp',
  'generation',
]);

function withoutServersFields(object: KubeObject): KubeObject {
  const metadata = Object.entries(object.metadata).filter(([name]) => !serversFields.has(name));
  return { ...object, metadata: Object.fromEntries(metadata) as unknown as KubeObject['metadata'] };
}
