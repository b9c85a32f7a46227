// HTTP/1 as bytes: a server and a client that show exactly what went over the wire, which libraries tidy up.

import { connect, createServer, type Socket } from 'node:net';
import { listen } from './backends/backend.ts';
import { exchange } from './clients/client-error.ts';
import type { Dial } from './clients/http.ts';

/** A server that answers every request with the same bytes. */
export interface RawServer extends AsyncDisposable, Dial {
  /** Heads of the requests so far, each without its empty line. */
  readonly heads: readonly string[];
}

/** What a {@link RawServer} does with a connection on which a whole head has arrived. */
export type RawAnswer = (socket: Socket, head: string) => void;

/** Starts a server. It looks at heads only: whatever follows one is taken for the next. */
export async function startRawServer(address: string, answer: RawAnswer): Promise<RawServer> {
  const heads: string[] = [];
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        heads.push(head);
        answer(socket, head);
      }
    });
  });
  const { port, close } = await listen(server, { name: 'raw', address });
  return { address, port, heads, [Symbol.asyncDispose]: close };
}

/** Sends bytes and resolves with all that comes back until the other end closes, or until it ends in `until`. */
export function sendRaw(to: Dial, text: string, until?: string): Promise<string> {
  const socket = connect({ host: to.address, port: to.port });
  const answer = exchange<string>(undefined, (resolve, reject) => {
    let received = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(text));
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (until !== undefined && received.endsWith(until)) resolve(received);
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
    return () => {};
  });
  return answer.finally(() => socket.destroy());
}
