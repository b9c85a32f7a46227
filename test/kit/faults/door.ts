// Where connections come in, before TLS: they can be ignored, and be reset at any time.

import type { Server } from 'node:https';
import { createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { listen } from '../backends/backend.ts';

/** How connections are received: as ever; without a word, the TLS handshake's included; or with a reset. */
export type Reception = 'accept' | 'ignore' | 'reset';

/** A listening port of 127.0.0.1 whose connections go on to a server that doesn't listen itself. */
export class Door {
  readonly port: number;
  /** Closes the port and every connection. */
  readonly close: () => Promise<void>;
  readonly #server: Server;
  /** By the client's port: all that a socket of TLS lets on about the one below it. */
  readonly #sockets: Map<number, Socket>;
  /** What TLS makes of them, once it has agreed with the client. */
  readonly #secure = new WeakMap<Socket, TLSSocket>();
  readonly #ignored = new Set<Socket>();
  #reception: Reception = 'accept';

  private constructor(
    server: Server,
    parts: { port: number; close: () => Promise<void>; sockets: Map<number, Socket> },
  ) {
    this.#server = server;
    this.port = parts.port;
    this.close = parts.close;
    this.#sockets = parts.sockets;
  }

  static async open(server: Server): Promise<Door> {
    const sockets = new Map<number, Socket>();
    const tcp = createServer();
    const door = new Door(server, { ...(await listen(tcp, { name: 'door' })), sockets });
    tcp.on('connection', (socket) => door.#take(socket));
    server.on('secureConnection', (secure: TLSSocket) => {
      const below = sockets.get(secure.remotePort ?? 0);
      if (below !== undefined) door.#secure.set(below, secure);
    });
    return door;
  }

  /** Receives connections from now on otherwise than before. Those that were ignored go on once others are accepted. */
  receive(reception: Reception): void {
    this.#reception = reception;
    if (reception !== 'accept') return;
    for (const socket of this.#ignored) this.#server.emit('connection', socket);
    this.#ignored.clear();
  }

  /** How many connections are being ignored. */
  get ignored(): number {
    return this.#ignored.size;
  }

  /** Resets the connection below a socket of TLS. */
  reset({ remotePort = 0 }: Socket): void {
    const below = this.#sockets.get(remotePort);
    if (below !== undefined) this.#reset(below);
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const socket of this.#sockets.values()) this.#reset(socket);
  }

  #take(socket: Socket): void {
    const { remotePort = 0 } = socket;
    this.#sockets.set(remotePort, socket);
    socket.on('close', () => {
      this.#ignored.delete(socket);
      if (this.#sockets.get(remotePort) === socket) this.#sockets.delete(remotePort);
    });
    if (this.#reception === 'reset') this.#reset(socket);
    else if (this.#reception === 'ignore') this.#ignored.add(socket);
    else this.#server.emit('connection', socket);
  }

  /**
   * Resets a connection. One that TLS is ending can't be reset: Node 24 would forget to close it and never come to its own
   * end. It is closed.
   */
  #reset(socket: Socket): void {
    const isEnding = this.#secure.get(socket)?.writableEnded === true;
    if (isEnding) socket.destroy();
    else if (!socket.destroyed) socket.resetAndDestroy();
  }
}
