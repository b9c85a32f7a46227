// A TCP client for tests: it talks to the TCP backend of the test kit, half-closes, and reads to the end.

import { connect } from 'node:net';
import { ClientError, exchange } from './client-error.ts';
import type { Dial } from './http.ts';

export interface TcpTalk extends Dial {
  /** Address from which to connect; the system's choice by default. */
  readonly from?: string;
  /** What is sent before the client half-closes; nothing by default. */
  readonly send?: string;
  /**
   * Whether the client waits for the server's introduction before it says anything. With `server` nothing is sent
   * until then, so that a proxy which waits for the client's first byte would hang. `client` by default.
   */
  readonly speaksFirst?: 'client' | 'server';
  /** When the client half-closes: with the last that it sends (the default), or when the server has answered something. */
  readonly halfCloses?: 'at once' | 'when answered';
  /** 5 s by default. */
  readonly timeoutMs?: number;
}

export interface TcpAnswer {
  /** Name and version of the backend, from its introduction. */
  readonly name: string;
  readonly version: string;
  /** All that followed the introduction. */
  readonly received: string;
}

/**
 * Opens a connection, sends, half-closes and reads until the server closes. Rejects with a {@link ClientError}:
 * `closed` where the server closed without an introduction, as the proxy does for a port that stands for nothing.
 */
export function talkTcp(talk: TcpTalk): Promise<TcpAnswer> {
  return exchange(talk.timeoutMs, (resolve, reject) => {
    const socket = connect({
      host: talk.address,
      port: talk.port,
      allowHalfOpen: true,
      ...(talk.from !== undefined && { localAddress: talk.from }),
    });
    const chunks: Buffer[] = [];
    const sayAll = (): void => {
      if (talk.halfCloses !== 'when answered') {
        socket.end(talk.send ?? '');
        return;
      }
      socket.once('data', () => socket.end());
      socket.write(talk.send ?? '');
    };
    if (talk.speaksFirst === 'server') socket.once('data', sayAll);
    else socket.once('connect', sayAll);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      socket.end();
      const [introduction = '', ...rest] = Buffer.concat(chunks).toString().split('\n');
      const [name = '', version = ''] = introduction.split(' ');
      if (name === '') reject(new ClientError('closed', 'The connection was closed without a word'));
      else resolve({ name, version, received: rest.join('\n') });
    });
    return () => socket.destroy();
  });
}
