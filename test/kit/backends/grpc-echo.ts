// The gRPC service of the test kit, shared by its backend and its client: the four kinds of call, with messages in
// JSON so that no .proto file is needed.

import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

/** A message to the service. */
export interface GrpcRequest {
  readonly text: string;
  /** gRPC status with which the call shall fail; 0, the default, lets it succeed. */
  readonly failWith?: number;
  /** How many replies `expand` shall send; 1 by default. */
  readonly times?: number;
}

/** A message from the service. */
export interface GrpcReply {
  readonly name: string;
  readonly version: string;
  /** `:authority` of the call. */
  readonly host: string;
  readonly text: string;
}

/** The four kinds of call, named after what the service does with the messages. */
export type GrpcCall = 'unary' | 'collect' | 'expand' | 'chat';

type EchoMethod = MethodDefinition<GrpcRequest, GrpcReply>;

/**
 * `maesh.test.Echo`: `unary` echoes a message, `collect` joins a stream of them, `expand` repeats one, `chat` answers
 * each message of a stream as it arrives. Every call ends with the trailer `served-by`.
 */
export const echoService: Readonly<Record<GrpcCall, EchoMethod>> & ServiceDefinition = {
  unary: method('unary', {}),
  collect: method('collect', { requestStream: true }),
  expand: method('expand', { responseStream: true }),
  chat: method('chat', { requestStream: true, responseStream: true }),
};

function method(
  name: GrpcCall,
  streams: { readonly requestStream?: boolean; readonly responseStream?: boolean },
): EchoMethod {
  return {
    path: `/maesh.test.Echo/${name}`,
    requestStream: streams.requestStream ?? false,
    responseStream: streams.responseStream ?? false,
    requestSerialize: encode,
    requestDeserialize: (bytes) => JSON.parse(bytes.toString()) as GrpcRequest,
    responseSerialize: encode,
    responseDeserialize: (bytes) => JSON.parse(bytes.toString()) as GrpcReply,
  };
}

function encode(message: GrpcRequest | GrpcReply): Buffer {
  return Buffer.from(JSON.stringify(message));
}
