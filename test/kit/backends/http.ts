// An HTTP backend without TLS: HTTP/1.1, HTTP/2 by prior knowledge (h2c) and WebSocket on one port.

import { createServer as createHttpServer } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { WebSocketServer, type RawData } from 'ws';
import { backend, listen, type Backend, type BackendOptions } from './backend.ts';
import { answerHttp, type AnyRequest, type AnyResponse, type HttpIdentity } from './http-echo.ts';

/** What the WebSocket endpoint answers to each text message; binary messages come back as they are. */
export interface WebSocketEcho extends HttpIdentity {
  readonly path: string;
  readonly host: string;
  readonly message: string;
}

/** Starts an HTTP backend. Its answers are those of http-echo.ts; any path takes a WebSocket upgrade. */
export async function startHttpBackend(options: BackendOptions): Promise<Backend> {
  const identity: HttpIdentity = { name: options.name, version: options.version ?? 'v1' };
  let served = 0;
  const answer = (request: AnyRequest, response: AnyResponse): void => {
    served++;
    // A caller that goes away in the middle of its request is no concern of a backend's.
    answerHttp({ request, response }, identity).catch(() => {});
  };
  const http1 = createHttpServer(answer);
  const http2 = createHttp2Server((request: Http2ServerRequest, response: Http2ServerResponse) => {
    answer(request, response);
  });
  http2.on('sessionError', () => {});
  const webSocket = new WebSocketServer({ noServer: true });
  http1.on('upgrade', (request, socket, head) => {
    webSocket.handleUpgrade(request, socket, head, (client) => {
      const place = { path: request.url ?? '', host: request.headers.host ?? '' };
      client.on('error', () => {});
      client.on('message', (data: RawData, isBinary: boolean) => {
        served++;
        const message = (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString();
        if (isBinary) client.send(data);
        else client.send(JSON.stringify({ ...identity, ...place, message } satisfies WebSocketEcho));
      });
    });
  });
  const server = createServer((socket) => {
    handOver(socket, (protocol) => (protocol === 'HTTP/2' ? http2 : http1).emit('connection', socket));
  });
  const { port, close } = await listen(server, options);
  return backend({ options, port, served: () => served, close });
}

/** Looks at the first bytes of a connection to learn what it speaks, and puts them back. */
function handOver(socket: Socket, to: (protocol: 'HTTP/1.1' | 'HTTP/2') => void): void {
  const look = (): void => {
    // Null while there are fewer bytes. The preface of HTTP/2 begins with PRI; no method of HTTP/1.1 does.
    const head = socket.read(3) as Buffer | null;
    if (head === null) return;
    socket.off('readable', look);
    socket.unshift(head);
    to(head.toString('latin1') === 'PRI' ? 'HTTP/2' : 'HTTP/1.1');
  };
  socket.on('readable', look);
}
