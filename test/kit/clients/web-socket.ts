// A WebSocket client for tests: one connection, some messages, the answers to them.

import { WebSocket } from 'ws';
import type { WebSocketEcho } from '../backends/http.ts';
import { ClientError, exchange } from './client-error.ts';
import { authorityOf, type Dial } from './http.ts';

export interface WebSocketTalk extends Dial {
  /** The address and port by default. */
  readonly host?: string;
  /** `/` by default. */
  readonly path?: string;
  /** Sent one after the other, each when the one before it is answered. Buffers go as binary messages. */
  readonly messages: readonly (string | Buffer)[];
  /** 5 s by default. */
  readonly timeoutMs?: number;
}

/** What came back: an echo for each text message, the bytes for each binary one. */
export type WebSocketReply = WebSocketEcho | Buffer;

/** Opens a WebSocket, sends the messages, collects the answers and closes. Rejects with a {@link ClientError}. */
export function talkWebSocket(talk: WebSocketTalk): Promise<readonly WebSocketReply[]> {
  return exchange(talk.timeoutMs, (resolve, reject) => {
    const replies: WebSocketReply[] = [];
    const socket = new WebSocket(`ws://${authorityOf(talk)}${talk.path ?? '/'}`, {
      perMessageDeflate: false,
      ...(talk.host !== undefined && { headers: { host: talk.host } }),
    });
    const next = (): void => {
      const message = talk.messages[replies.length];
      if (message === undefined) socket.close();
      else socket.send(message);
    };
    socket.on('open', next);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      replies.push(isBinary ? data : (JSON.parse(data.toString()) as WebSocketEcho));
      next();
    });
    socket.on('error', reject);
    socket.on('close', (code) => {
      if (replies.length === talk.messages.length) resolve(replies);
      else reject(new ClientError('closed', `The WebSocket was closed early, with code ${code}`));
    });
    return () => socket.terminate();
  });
}
