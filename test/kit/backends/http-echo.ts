// The answers of the HTTP backends, the same over HTTP/1.1, h2c and TLS: each request is echoed as JSON, and a few
// paths answer in a way that a proxy might get wrong.
//
//   /status/CODE    answers with that status            /chunks/N    N chunks, written one by one
//   /slow/MS        answers after MS milliseconds       /bytes/N     a body of N bytes
//   /hints          103 Early Hints, then the echo      /trailers    the echo, then the trailer `served-by`
//   /drop           cuts the connection, no answer      all others   the echo

import { createHash } from 'node:crypto';
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** What the backend received, as it says it in its answer. */
export interface HttpEcho {
  readonly name: string;
  readonly version: string;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** `Host`, or `:authority`. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The request's body, where it is at most 64 KiB; empty otherwise. */
  readonly body: string;
  readonly bodyBytes: number;
  /** SHA-256 of the body, in hex. */
  readonly bodyHash: string;
}

/** Who answers. */
export interface HttpIdentity {
  readonly name: string;
  readonly version: string;
}

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

const maxEchoedBytes = 64 * 1024;

/** Answers one request. Resolves when the answer is written. */
export async function answerHttp(
  { request, response }: { readonly request: AnyRequest; readonly response: AnyResponse },
  identity: HttpIdentity,
): Promise<void> {
  const [, action, argument = ''] = (request.url ?? '').split(/[/?]/u);
  const answer = answers[action ?? ''];
  response.setHeader('served-by', identity.name);
  response.setHeader('served-version', identity.version);
  if (answer?.beforeBody === true) answer.write({ request, response }, argument);
  const echo = await readEcho(request, identity);
  if (answer?.beforeBody === true) return;
  if (answer === undefined) writeEcho(response, echo);
  else answer.write({ request, response, echo }, argument);
}

interface Answer {
  /** Whether the answer begins without waiting for the end of the request. */
  readonly beforeBody?: boolean;
  write(
    exchange: { readonly request: AnyRequest; readonly response: AnyResponse; readonly echo?: HttpEcho },
    argument: string,
  ): void;
}

const answers: Readonly<Record<string, Answer>> = {
  status: {
    write: ({ response, echo }, code) => {
      response.statusCode = Number(code);
      writeEcho(response, echo);
    },
  },
  slow: {
    write: ({ response, echo }, delayMs) => {
      const timer = setTimeout(() => writeEcho(response, echo), Number(delayMs));
      response.on('close', () => clearTimeout(timer));
    },
  },
  chunks: {
    write: ({ response }, count) => {
      writeChunks(response, Number(count));
    },
  },
  bytes: {
    write: ({ response }, count) => {
      response.end(Buffer.alloc(Number(count), 'x'));
    },
  },
  hints: {
    write: ({ response, echo }) => {
      const hints = { link: '</style.css>; rel=preload' };
      if (response instanceof ServerResponse) response.writeEarlyHints(hints);
      else response.writeEarlyHints(hints);
      writeEcho(response, echo);
    },
  },
  trailers: {
    write: ({ response, echo }) => {
      response.setHeader('trailer', 'served-by');
      response.setHeader('content-type', 'application/json');
      writeText(response, JSON.stringify(echo));
      response.addTrailers({ 'served-by': String(echo?.name) });
      response.end();
    },
  },
  drop: {
    beforeBody: true,
    write: ({ request }) => {
      request.socket.destroy();
    },
  },
};

async function readEcho(request: AnyRequest, identity: HttpIdentity): Promise<HttpEcho> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bodyBytes += chunk.length;
    if (bodyBytes <= maxEchoedBytes) kept.push(chunk);
  }
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  return {
    ...identity,
    httpVersion: request.httpVersion,
    method: request.method ?? '',
    path: request.url ?? '',
    host: String(request.headers[':authority'] ?? request.headers.host ?? ''),
    headers,
    body: bodyBytes <= maxEchoedBytes ? Buffer.concat(kept).toString() : '',
    bodyBytes,
    bodyHash: hash.digest('hex'),
  };
}

function writeEcho(response: AnyResponse, echo: HttpEcho | undefined): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(echo));
}

function writeChunks(response: AnyResponse, count: number, next: number = 0): void {
  if (next === count) {
    response.end();
    return;
  }
  writeText(response, `chunk ${next}\n`);
  // One turn of the event loop between two chunks, so that each is a write of its own.
  setImmediate(() => writeChunks(response, count, next + 1));
}

/** `write` has the same meaning in both kinds of response, but not the same overloads. */
function writeText(response: AnyResponse, text: string): void {
  (response as { write(chunk: string): boolean }).write(text);
}
