// The part of a test pod that makes calls when a test asks it to.

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

import { ClientError } from '../clients/client-error.ts';
import { calls, callsPort, type CallResult } from './calls.ts';

const makers: Readonly<Record<string, (call: never) => Promise<unknown>>> = calls;

/** Listens for calls to make. It answers any GET, so that a pod is ready when it does. */
export function startCallServer(): void {
  const server = createServer((request, response) => {
    const answer = (result: object): void => {
      response.end(JSON.stringify(result));
    };
    if (request.method === 'GET') {
      answer({});
      return;
    }
    const make = async (): Promise<object> => resultOf((request.url ?? '').slice(1), await json(request));
    make().then(answer, (error: unknown) => response.destroy(error as Error));
  });
  server.listen(callsPort);
}

async function resultOf(kind: string, call: unknown): Promise<CallResult<unknown>> {
  const make = makers[kind];
  if (make === undefined) throw new Error(`There is no call ${kind}`);
  try {
    return { answer: await make(call as never) };
  } catch (error) {
    const { failure, message } = ClientError.from(error);
    return { failure, message };
  }
}
