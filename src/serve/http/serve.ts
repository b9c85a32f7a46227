// Puts an HTTP application on a port, with limits that a client can't hold it up beyond.

import { once } from 'node:events';
import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

import { ListenError } from '../listen-error.ts';

export interface ServeOptions {
  /** Address of this machine; empty for all of them. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What it is, for messages; `the API` by default. */
  readonly what?: string;
  /** Longest time for a request to arrive whole, in milliseconds; 5 s by default. */
  readonly requestMs?: number;
  /** A connection on which nothing moves for this long is closed, also amid an answer; 30 s by default. */
  readonly idleMs?: number;
  /** Longest time that {@link HttpServer.close} lets running answers go on; 1.5 s by default. */
  readonly closeMs?: number;
}

/** An application that is being served. */
export interface HttpServer {
  readonly port: number;
  /** Takes no more requests, lets running answers end within {@link ServeOptions.closeMs}, and cuts off the rest. */
  close(): Promise<void>;
}

const maxConnections = 512;

/** Serves an application. Rejects with a {@link ListenError} where the port can't be opened. */
export async function serveHttp(app: Hono, options: ServeOptions): Promise<HttpServer> {
  const server = createHttpServer(app, options);
  try {
    server.listen(options.port, options.host === '' ? undefined : options.host);
    await once(server, 'listening');
  } catch (error) {
    throw ListenError.from(error, { what: 'the API', ...options });
  }
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server, options.closeMs ?? 1500) };
}

function createHttpServer(app: Hono, options: ServeOptions): Server {
  const { requestMs = 5000, idleMs = 30_000 } = options;
  const server = createAdaptorServer({
    fetch: (request) => app.fetch(request),
    // The program's own Request and Response stay what they are.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: 5000,
      // How often Node looks for requests that took too long; its default of 30 s would make the limits above 30 s.
      connectionsCheckingInterval: Math.ceil(requestMs / 5),
    },
  });
  if (!(server instanceof Server))
    throw new TypeError('The adapter made a server of another kind than asked for');
  server.timeout = idleMs;
  server.maxConnections = maxConnections;
  return server;
}

async function closeServer(server: Server, closeMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(cut);
}
