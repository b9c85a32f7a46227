// DNS over TCP: any number of queries on a connection, each behind its length (RFC 1035 section 4.2.2, RFC 7766).
// What one client can make us hold is bounded: an unfinished message, what came in one read, and the answers to it.

import type { Socket } from 'node:net';

import { headerBytes, maxMessageBytes } from './query.ts';

const lengthBytes = 2;

export interface TcpOptions {
  /** Answers a message; undefined where it is not answered. Does not throw. */
  answer(message: Buffer): Buffer | undefined;
  /** Ends a connection on which no whole query came for this long; single bytes do not prolong it. */
  readonly idleMs: number;
}

/**
 * Serves a connection until it ends. A client that sends what can't be a query is cut off; one that doesn't read its
 * answers is not read from either, until it is idle for too long.
 */
export function serveConnection(socket: Socket, options: TcpOptions): void {
  const idle = setTimeout(() => socket.destroy(), options.idleMs);
  let unread: Buffer = Buffer.alloc(0);
  socket.on('close', () => clearTimeout(idle));
  // A connection that breaks is its client's affair; 'close' follows.
  socket.on('error', () => {});
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    const { messages, rest } = splitMessages(unread.length === 0 ? chunk : Buffer.concat([unread, chunk]));
    if (rest === 'malformed') {
      socket.destroy();
      return;
    }
    unread = rest;
    if (messages.length === 0) return;
    idle.refresh();
    const answers = messages.map((message) => options.answer(message)).filter((bytes) => bytes !== undefined);
    if (!socket.write(Buffer.concat(answers.flatMap((bytes) => [lengthOf(bytes), bytes])))) socket.pause();
  });
}

/** Splits what came into whole messages and the beginning of the next; `malformed` where no message is that long. */
function splitMessages(bytes: Buffer): { readonly messages: Buffer[]; readonly rest: Buffer | 'malformed' } {
  const messages: Buffer[] = [];
  let at = 0;
  while (at + lengthBytes <= bytes.length) {
    const length = bytes.readUInt16BE(at);
    if (length < headerBytes || length > maxMessageBytes) return { messages, rest: 'malformed' };
    const end = at + lengthBytes + length;
    if (end > bytes.length) break;
    messages.push(bytes.subarray(at + lengthBytes, end));
    at = end;
  }
  return { messages, rest: bytes.subarray(at) };
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(bytes.length, 0);
  return length;
}
