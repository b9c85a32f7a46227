// A gRPC client for tests: one call of the echo service, any of its four kinds, and all that came back.

import { Client, credentials, type Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { echoService, type GrpcCall, type GrpcReply, type GrpcRequest } from '../backends/grpc-echo.ts';
import { defaultTimeoutMs } from './client-error.ts';
import { authorityOf, type Dial } from './http.ts';

export interface GrpcTalk extends Dial {
  readonly call: GrpcCall;
  /** One message for `unary` and `expand`; any number for `collect` and `chat`. */
  readonly messages: readonly GrpcRequest[];
  /** `:authority`; the address and port by default. */
  readonly host?: string;
  /** 5 s by default. */
  readonly timeoutMs?: number;
}

/** How a call ended. One that fails, for whatever reason, is an answer too: its status says why. */
export interface GrpcAnswer {
  /** 0 is OK, 14 unavailable. */
  readonly status: number;
  readonly details: string;
  readonly replies: readonly GrpcReply[];
  readonly trailers: Readonly<Record<string, string>>;
}

/**
 * Makes one call over a connection of its own. `chat` sends each message only when the one before it is answered, so
 * that it works only where both directions really stream.
 */
export async function talkGrpc(talk: GrpcTalk): Promise<GrpcAnswer> {
  const client = new Client(authorityOf(talk), credentials.createInsecure(), {
    // Without it the library would share a connection between tests that dial the same address.
    'grpc.use_local_subchannel_pool': 1,
    ...(talk.host !== undefined && { 'grpc.default_authority': talk.host }),
  });
  try {
    return await makeCall(client, talk);
  } finally {
    client.close();
  }
}

function makeCall(client: Client, talk: GrpcTalk): Promise<GrpcAnswer> {
  const { path, requestSerialize, responseDeserialize } = echoService[talk.call];
  const options = { deadline: Date.now() + (talk.timeoutMs ?? defaultTimeoutMs) };
  const [first = { text: '' }] = talk.messages;
  return new Promise((resolve) => {
    const replies: GrpcReply[] = [];
    const end = ({ code, details, metadata }: StatusObject): void => {
      resolve({ status: code, details, replies, trailers: plainMetadata(metadata) });
    };
    // Every call ends in the event `status`; the error of a failed one says the same once more.
    const one = (_error: ServiceError | null, reply?: GrpcReply): void => {
      if (reply !== undefined) replies.push(reply);
    };
    if (talk.call === 'unary') {
      client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, first, options, one)
        .on('status', end);
    } else if (talk.call === 'expand') {
      const call = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        first,
        options,
      );
      call.on('data', (reply: GrpcReply) => replies.push(reply));
      call.on('error', () => {});
      call.on('status', end);
    } else if (talk.call === 'collect') {
      const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, options, one);
      for (const message of talk.messages) call.write(message);
      call.end();
      call.on('status', end);
    } else {
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, options);
      const next = (): void => {
        const message = talk.messages[replies.length];
        if (message === undefined) call.end();
        else call.write(message);
      };
      call.on('data', (reply: GrpcReply) => {
        replies.push(reply);
        next();
      });
      call.on('error', () => {});
      call.on('status', end);
      next();
    }
  });
}

function plainMetadata(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.getMap()).map(([name, value]) => [name, value.toString()]),
  );
}
