// Backends by the name of their kind, for tests that describe what they need as data.

import type { Backend, BackendOptions } from './backend.ts';
import { startGrpcBackend } from './grpc.ts';
import { startHttpBackend } from './http.ts';
import { startHttpsBackend } from './https.ts';
import { startTcpBackend } from './tcp.ts';
import { startUdpBackend } from './udp.ts';

/**
 * `http` (HTTP/1.1, h2c, WebSocket), `https`, `grpc`, `tcp` (the client speaks first), `tcp-greeter` (the server does)
 * and `udp`.
 */
export type BackendKind = 'http' | 'https' | 'grpc' | 'tcp' | 'tcp-greeter' | 'udp';

const starters: Readonly<Record<BackendKind, (options: BackendOptions) => Promise<Backend>>> = {
  http: startHttpBackend,
  https: startHttpsBackend,
  grpc: startGrpcBackend,
  tcp: startTcpBackend,
  'tcp-greeter': (options) => startTcpBackend({ ...options, speaksFirst: 'server' }),
  udp: startUdpBackend,
};

/** Every kind of backend. */
export const backendKinds: readonly BackendKind[] = Object.keys(starters) as BackendKind[];

/** Starts a backend of a kind. */
export function startBackend(kind: BackendKind, options: BackendOptions): Promise<Backend> {
  return starters[kind](options);
}
