// What every backend of the test kit has in common: a real server inside the test's own process, on an address of the
// test's choice, that says who it is and counts what it served.

import type { Server, Socket } from 'node:net';

/** Who a backend is and where it listens. */
export interface BackendOptions {
  /** What the backend calls itself in its answers. */
  readonly name: string;
  /** What it gives as its version; `v1` by default. */
  readonly version?: string;
  /** `127.0.0.1` by default. */
  readonly address?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

/** A running backend. */
export interface Backend extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  readonly address: string;
  readonly port: number;
  /** How much it has served: requests (HTTP), messages (WebSocket), calls (gRPC), connections (TCP), datagrams (UDP). */
  readonly served: () => number;
  /** Cuts every connection and stops listening. Resolves when the port is free again. */
  readonly close: () => Promise<void>;
}

/** The parts of a backend that its kind brings along. */
export interface BackendParts {
  readonly options: BackendOptions;
  readonly port: number;
  readonly served: () => number;
  readonly close: () => Promise<void>;
}

/** Makes a backend of its parts, with the defaults filled in. */
export function backend({ options, port, served, close }: BackendParts): Backend {
  return {
    name: options.name,
    version: options.version ?? 'v1',
    address: options.address ?? '127.0.0.1',
    port,
    served,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Starts a TCP server where the options say.
 *
 * @returns its port, and how to end it together with every connection it has.
 */
export async function listen(
  server: Server,
  options: BackendOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that vanishes is no concern of a backend's.
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address ?? '127.0.0.1', port: options.port ?? 0 }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no TCP address');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
