// An HTTP client for tests: HTTP/1.1 with kept-alive connections, HTTP/2 by prior knowledge (h2c), or HTTP/1.1 to a
// forward proxy as curl speaks it with http_proxy set. The Host is the test's choice, whatever address is dialled.

import { Agent, request as requestHttp1, type IncomingHttpHeaders } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { ClientError, exchange } from './client-error.ts';
import type { HttpEcho } from '../backends/http-echo.ts';

/** Where a client connects to. */
export interface Dial {
  readonly address: string;
  readonly port: number;
}

export interface HttpRequest extends Dial {
  /** Address from which to connect; the system's choice by default. */
  readonly from?: string;
  /** `Host`, or `:authority`; the address and port by default. */
  readonly host?: string;
  /**
   * - `http1`, the default: HTTP/1.1.
   * - `h2c`: HTTP/2 without TLS, by prior knowledge.
   * - `proxy`: HTTP/1.1 with the whole URL in the request line, as a client speaks to the proxy of `http_proxy`.
   */
  readonly protocol?: 'http1' | 'h2c' | 'proxy';
  /** `GET` by default. */
  readonly method?: string;
  /** `/` by default. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** 5 s by default. */
  readonly timeoutMs?: number;
}

/** A complete answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  /** Statuses of the informational answers before it (103), in order. */
  readonly informational: readonly number[];
  readonly body: string;
  /** The body as what a backend echoed; undefined where it isn't an echo. */
  readonly echo: HttpEcho | undefined;
}

/** How a client goes about it. */
export interface HttpClientOptions {
  /**
   * Whether it sends a GET over HTTP/1.1 once more where a server ended a connection that had been used before, and had not begun
   * to answer: what clients should do, since a server may end one at any time (RFC 9112, section 9.3.1). Not so by default.
   */
  readonly sendsAgain?: boolean;
}

/** A client that keeps its connections, one h2c connection for each address and Host included, until it is closed. */
export class HttpClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sendsAgain: boolean;
  readonly #sessions = new Map<string, ClientHttp2Session>();

  constructor({ sendsAgain = false }: HttpClientOptions = {}) {
    this.#sendsAgain = sendsAgain;
  }

  /** Sends a request and reads the whole answer. Rejects with a {@link ClientError} where there is none. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    return request.protocol === 'h2c' ? this.#sendHttp2(request) : this.#sendHttp1(request);
  }

  /** Cuts every connection. */
  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #sendHttp1(request: HttpRequest): Promise<HttpAnswer> {
    const host = hostOf(request);
    const path = request.path ?? '/';
    return exchange(request.timeoutMs, (resolve, reject) => {
      const informational: number[] = [];
      let isAbandoned = false;
      const { method = 'GET' } = request;
      const sent = requestHttp1({
        agent: this.#agent,
        host: request.address,
        port: request.port,
        ...(request.from !== undefined && { localAddress: request.from }),
        method,
        path: request.protocol === 'proxy' ? `http://${host}${path}` : path,
        headers: { ...request.headers, host },
      });
      sent.on('information', ({ statusCode }) => informational.push(statusCode));
      sent.on('error', (error) => {
        const isEnded = sent.reusedSocket && !isAbandoned && ClientError.from(error).failure === 'closed';
        if (this.#sendsAgain && isEnded && method === 'GET') resolve(this.#sendHttp1(request));
        else reject(error);
      });
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers, trailers } = response;
          resolve(answerOf({ status, headers, trailers, informational, chunks }));
        });
      });
      sent.end(request.body);
      return () => {
        isAbandoned = true;
        sent.destroy();
      };
    });
  }

  #sendHttp2(request: HttpRequest): Promise<HttpAnswer> {
    return exchange(request.timeoutMs, (resolve, reject) => {
      const session = this.#session(request);
      const stream = session.request(
        {
          ...request.headers,
          ':method': request.method ?? 'GET',
          ':path': request.path ?? '/',
          ':authority': hostOf(request),
        },
        { endStream: request.body === undefined },
      );
      const chunks: Buffer[] = [];
      const informational: number[] = [];
      let headers: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      stream.on('headers', (early) => informational.push(Number(early[':status'])));
      stream.on('response', (received: IncomingHttpHeaders) => (headers = received));
      stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const status = Number((headers as Record<string, unknown>)[':status'] ?? 0);
        if (status === 0) reject(new ClientError('closed', 'The stream ended without an answer'));
        else resolve(answerOf({ status, headers, trailers, informational, chunks }));
      });
      if (request.body !== undefined) stream.end(request.body);
      return () => stream.close();
    });
  }

  #session(request: HttpRequest): ClientHttp2Session {
    const authority = authorityOf(request);
    const open = this.#sessions.get(authority);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const session = connect(`http://${authority}`);
    // The streams say so too; without a listener of its own the error would end the process.
    session.on('error', () => {});
    session.on('goaway', () => session.close());
    this.#sessions.set(authority, session);
    return session;
  }
}

/** Sends one request over a connection of its own. */
export async function sendHttp(request: HttpRequest): Promise<HttpAnswer> {
  using client = new HttpClient();
  return await client.send(request);
}

/** `address:port`, with brackets around an IPv6 address. */
export function authorityOf({ address, port }: Dial): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function hostOf(request: HttpRequest): string {
  return request.host ?? authorityOf(request);
}

function answerOf(parts: {
  readonly status: number;
  readonly headers: IncomingHttpHeaders | NodeJS.Dict<string>;
  readonly trailers: IncomingHttpHeaders | NodeJS.Dict<string>;
  readonly informational: readonly number[];
  readonly chunks: readonly Buffer[];
}): HttpAnswer {
  const body = Buffer.concat(parts.chunks).toString();
  return {
    status: parts.status,
    headers: plainHeaders(parts.headers),
    trailers: plainHeaders(parts.trailers),
    informational: parts.informational,
    body,
    echo: readEcho(body),
  };
}

function plainHeaders(headers: IncomingHttpHeaders | NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, String(value)]),
  );
}

function readEcho(body: string): HttpEcho | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const echo = JSON.parse(body) as Partial<HttpEcho>;
    return typeof echo.name === 'string' ? (echo as HttpEcho) : undefined;
  } catch {
    return undefined;
  }
}
