// A port that leads now here, now there, as a Service's address in a cluster does.

import { connect, createServer, type Server, type Socket } from 'node:net';

import { listen } from './backends/backend.ts';

/** A port of 127.0.0.1 behind which now one replica is, now another: as a Service's address in a cluster. */
export class Relay implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #sockets: Set<Socket>;
  readonly #target: { port: number };

  private constructor(parts: {
    readonly port: number;
    readonly close: () => Promise<void>;
    readonly sockets: Set<Socket>;
    readonly target: { port: number };
  }) {
    this.port = parts.port;
    this.#close = parts.close;
    this.#sockets = parts.sockets;
    this.#target = parts.target;
  }

  /** @param delayMs - how long everything takes on its way; nothing by default. */
  static async start(to: number, delayMs = 0): Promise<Relay> {
    const sockets = new Set<Socket>();
    const target = { port: to };
    const server: Server = createServer((near) => {
      const far = connect(target.port, '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      if (delayMs === 0) near.pipe(far).pipe(near);
      else {
        near.on('data', (data) => setTimeout(() => far.write(data), delayMs));
        far.on('data', (data) => setTimeout(() => near.write(data), delayMs));
      }
    });
    const { port, close } = await listen(server, { name: 'relay', address: '127.0.0.1' });
    return new Relay({ port, close, sockets, target });
  }

  /** Leads to another port from now on; cuts what there is. */
  lead(to: number): void {
    this.#target.port = to;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#close();
  }
}
