// Requests by the hundred thousand, for counting who gets them: HTTP/1.1 that is not read further than needed to tell one
// from the next.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

import { backend, listen, type Backend, type BackendOptions } from './backends/backend.ts';
import type { Dial } from './clients/http.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Counts the ends of heads in a stream, of whose messages none has a body. */
function headCounter(): (chunk: string) => number {
  let rest = '';
  return (chunk) => {
    const heads = (rest + chunk).split('\r\n\r\n');
    rest = heads.at(-1) ?? '';
    return heads.length - 1;
  };
}

/** Starts a backend that answers every request without a body, and counts them. */
export async function startCountingBackend(options: BackendOptions): Promise<Backend> {
  let served = 0;
  const server = createServer((socket) => {
    const count = headCounter();
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const requests = count(chunk);
      served += requests;
      socket.write(answer.repeat(requests));
    });
    // A proxy that ends resets its connections.
    socket.on('error', () => {});
  });
  const { port, close } = await listen(server, options);
  return backend({ options, port, served: () => served, close });
}

/** Sends so many GETs over so many connections, each with several under way. Resolves with how many were answered with 200. */
export async function sendMany(
  to: Dial,
  { requests, connections }: { readonly requests: number; readonly connections: number },
): Promise<number> {
  const each = Array.from({ length: connections }, (_, index) => {
    return Math.floor((requests + index) / connections);
  });
  const answered = await Promise.all(each.map((count) => sendOver(to, count)));
  return answered.reduce((sum, count) => sum + count, 0);
}

const underWay = 16;
const request = 'GET / HTTP/1.1\r\nhost: many.test\r\n\r\n';

async function sendOver({ address, port }: Dial, requests: number): Promise<number> {
  const socket = connect({ host: address, port });
  await once(socket, 'connect');
  const count = headCounter();
  let sent = 0;
  let answers = 0;
  let good = 0;
  const send = (most: number): void => {
    const next = Math.min(most, requests - sent);
    sent += next;
    socket.write(request.repeat(next));
  };
  send(underWay);
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) {
    const heads = count(chunk);
    answers += heads;
    good += chunk.split('HTTP/1.1 200 ').length - 1;
    if (answers === requests) break;
    send(heads);
  }
  return good;
}
