// Requests to an API server, as a test makes them: over HTTPS with a client certificate or a token, and nothing between.

import { Agent, request as send, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** How to reach an API server, and as whom. Without certificate and token that is `system:anonymous`. */
export interface KubeAccess {
  /** Such as `https://127.96.1.2:40123`. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly token?: string;
}

/** An answer, whatever its status. */
export interface KubeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body; as JSON gives it where it is JSON, else text. */
  readonly body: unknown;
}

export interface KubeRequest {
  /** `GET` by default. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly body?: object;
  /** `application/json` by default. */
  readonly contentType?: string;
}

/** A client that keeps its connections until it is disposed of. */
export class KubeRequester implements Disposable {
  readonly #agent: Agent;
  readonly #access: KubeAccess;

  constructor(access: KubeAccess) {
    const { ca, certificate } = access;
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, ca, ...certificate });
  }

  /** Sends a request and reads the whole answer. Rejects only where there is no answer. */
  async send(request: KubeRequest): Promise<KubeAnswer> {
    return readAnswer(await this.open(request));
  }

  /** Sends a request and resolves when the answer begins. */
  open({ method = 'GET', path, body, contentType }: KubeRequest): Promise<IncomingMessage> {
    const { url, token } = this.#access;
    const headers = {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
    };
    const options: RequestOptions = { agent: this.#agent, method, headers };
    return new Promise((resolve, reject) => {
      const sent = send(url + path, options, resolve);
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Cuts every connection. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Reads an answer to its end. */
export async function readAnswer(response: IncomingMessage): Promise<KubeAnswer> {
  const body = await text(response);
  const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: isJson ? (JSON.parse(body) as unknown) : body,
  };
}
