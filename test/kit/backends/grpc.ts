// A gRPC backend (HTTP/2 without TLS) that serves the echo service of grpc-echo.ts.

import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { isIPv6 } from 'node:net';
import { backend, type Backend, type BackendOptions } from './backend.ts';
import { echoService, type GrpcReply, type GrpcRequest } from './grpc-echo.ts';

/** Starts a gRPC backend. It counts calls. */
export async function startGrpcBackend(options: BackendOptions): Promise<Backend> {
  const server = new Server();
  let served = 0;
  server.addService(
    echoService,
    handlers(options, () => served++),
  );
  const address = options.address ?? '127.0.0.1';
  const host = isIPv6(address) ? `[${address}]` : address;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${options.port ?? 0}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const close = (): Promise<void> => {
    server.forceShutdown();
    // After forceShutdown this waits for the listening socket only.
    return new Promise((resolve) => server.tryShutdown(() => resolve()));
  };
  return backend({ options, port, served: () => served, close });
}

function handlers(options: BackendOptions, count: () => void): UntypedServiceImplementation {
  const trailers = (): Metadata => {
    const metadata = new Metadata();
    metadata.set('served-by', options.name);
    return metadata;
  };
  const reply = (call: { getHost(): string }, text: string): GrpcReply => ({
    name: options.name,
    version: options.version ?? 'v1',
    host: call.getHost(),
    text,
  });
  const failure = (code: number): { code: number; details: string; metadata: Metadata } => ({
    code,
    details: `${options.name} was asked to fail`,
    metadata: trailers(),
  });
  return {
    unary(call: ServerUnaryCall<GrpcRequest, GrpcReply>, answer: sendUnaryData<GrpcReply>): void {
      count();
      const { text, failWith = 0 } = call.request;
      if (failWith === 0) answer(null, reply(call, text), trailers());
      else answer(failure(failWith));
    },
    collect(call: ServerReadableStream<GrpcRequest, GrpcReply>, answer: sendUnaryData<GrpcReply>): void {
      count();
      const texts: string[] = [];
      call.on('data', ({ text }: GrpcRequest) => texts.push(text));
      call.on('end', () => answer(null, reply(call, texts.join(' ')), trailers()));
    },
    expand(call: ServerWritableStream<GrpcRequest, GrpcReply>): void {
      count();
      const { text, times = 1, failWith = 0 } = call.request;
      for (let index = 0; index < times; index++) call.write(reply(call, `${text} ${index}`));
      if (failWith === 0) call.end(trailers());
      else call.emit('error', failure(failWith));
    },
    chat(call: ServerDuplexStream<GrpcRequest, GrpcReply>): void {
      count();
      call.on('data', ({ text }: GrpcRequest) => call.write(reply(call, text)));
      call.on('end', () => call.end(trailers()));
    },
  };
}
