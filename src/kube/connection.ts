// Requests to an API server, one at a time: credentials put on, connections kept, credentials that were refused renewed.

import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';

import type { Access, Credentials } from './credentials.ts';

/** A request, without what credentials add. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with its query, below the server's own path. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string } | undefined;
  readonly signal: AbortSignal;
  /** Whether sending it twice does no harm. */
  readonly isRepeatable: boolean;
}

/** An idle connection is asked whether it lives after so long: a dead one is found out within half a minute. */
const keepAliveMsecs = 15_000;
/** Connections that are kept for the next request. */
const maxFreeSockets = 16;
/** Attempts at a request whose kept connections turn out to have been closed by the server. */
const maxAttempts = 3;

interface Pool {
  readonly id: string;
  readonly agent: http.Agent;
}

/** Connections to one API server. */
export class Connection {
  readonly #access: Access;
  readonly #userAgent: string;
  #pool: Pool | undefined;
  #host = 'the API server';

  constructor(access: Access, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
  }

  /** Host and port that requests go to, for messages. */
  get host(): string {
    return this.#host;
  }

  /**
   * Sends a request and resolves when the answer begins, whatever it says: reading its body is the caller's part, in
   * full or by destroying it. Credentials that the server does not accept are renewed, once a request. Rejects with
   * Node's own error, AccessError, or the signal's reason.
   */
  async send(request: Request): Promise<IncomingMessage> {
    const credentials = await this.#credentials(request.signal);
    const answer = await this.#sendAs(credentials, request);
    if (answer.statusCode !== 401) return answer;
    this.#access.refused(credentials);
    const renewed = await this.#credentials(request.signal);
    if (renewed.equals(credentials)) return answer;
    answer.destroy();
    return await this.#sendAs(renewed, request);
  }

  /** Closes connections that are not in use; those that are end with what uses them. */
  close(): void {
    if (this.#pool !== undefined) retire(this.#pool.agent);
    this.#pool = undefined;
  }

  /** Waits for no longer than the request may take: a credential plugin may ask a server that does not answer. */
  async #credentials(signal: AbortSignal): Promise<Credentials> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop);
    try {
      return await Promise.race([this.#access.credentials(), aborted]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #sendAs(credentials: Credentials, request: Request): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      const outgoing = this.#start(credentials, request);
      try {
        return await answerTo(outgoing);
      } catch (error) {
        request.signal.throwIfAborted();
        // The server closed a kept connection at the moment in which it was used again; the request never reached it.
        const wasStale = outgoing.reusedSocket && isReset(error);
        if (!wasStale || !request.isRepeatable || attempt === maxAttempts) throw error;
      }
    }
  }

  #start(credentials: Credentials, { method, path, body, signal }: Request): ClientRequest {
    const { server, headers } = credentials;
    this.#host = server.host;
    const outgoing = (server.protocol === 'https:' ? https : http).request({
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: `${server.pathname.replace(/\/$/, '')}${path}`,
      method,
      agent: this.#agent(credentials),
      signal,
      headers: {
        'user-agent': this.#userAgent,
        accept: 'application/json',
        // Compressing costs both sides more than a cluster's network does.
        'accept-encoding': 'identity',
        ...(body !== undefined && {
          'content-type': body.type,
          'content-length': Buffer.byteLength(body.text),
        }),
        ...headers,
      },
    });
    outgoing.end(body?.text);
    return outgoing;
  }

  /** The connections of these credentials. Those of others are closed as they come free. */
  #agent(credentials: Credentials): http.Agent {
    if (this.#pool?.id === credentials.connectionId) return this.#pool.agent;
    this.close();
    const { server, tls, proxyUrl } = credentials;
    const options = {
      keepAlive: true,
      keepAliveMsecs,
      maxFreeSockets,
      ...(proxyUrl !== undefined && { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } }),
    };
    const agent =
      server.protocol === 'https:' ? new https.Agent({ ...options, ...tls }) : new http.Agent(options);
    this.#pool = { id: credentials.connectionId, agent };
    return agent;
  }
}

/** Lets nothing be kept any more. (Destroying the agent would break the connections in use.) */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // Stays: what happens to the connection while the answer is read comes up there too.
    outgoing.on('error', reject);
  });
}

function isReset(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
