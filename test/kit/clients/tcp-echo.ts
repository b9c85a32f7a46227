// A TCP connection that stays open: what is sent must come back over the same connection, for as long as a test lasts.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ClientError, exchange } from './client-error.ts';
import type { Dial } from './http.ts';

/** A connection to the TCP backend of the test kit. */
export class TcpEcho implements Disposable {
  readonly #socket: Socket;
  #received = '';
  #sent = 0;
  #failure: ClientError | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    const fail = (error: unknown): void => {
      this.#failure ??= ClientError.from(error);
      this.#wake();
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.#received += chunk;
      this.#wake();
    });
    socket.on('error', fail);
    socket.on('close', () => fail(new ClientError('closed', 'The connection was closed')));
  }

  /** Opens a connection, from the address that is given, or from the system's choice. */
  static async open({ address, port, from }: Dial & { readonly from?: string }): Promise<TcpEcho> {
    const socket = connect({ host: address, port, ...(from !== undefined && { localAddress: from }) });
    await once(socket, 'connect');
    return new TcpEcho(socket);
  }

  /** Whether it has been closed, or has failed in another way. */
  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Sends a line of its own and waits until it comes back. */
  async echo(): Promise<void> {
    const line = `line ${++this.#sent}\n`;
    await exchange<void>(undefined, (resolve, reject) => {
      this.#wake = () => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (this.#received.endsWith(line)) resolve();
      };
      this.#received = '';
      this.#socket.write(line);
      this.#wake();
      return () => this.#socket.destroy();
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
