// How test files, each of which is a process of its own, reach the process that a cluster belongs to: by HTTP on a Unix
// socket, a POST for each operation.

import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { json, text } from 'node:stream/consumers';

/** What can be asked of a cluster's owner, each with one argument; '' where it takes none. */
export type ClusterOperations = Readonly<Record<OperationName, (argument: string) => Promise<void>>>;

export type OperationName =
  | 'startApiServer'
  | 'stopApiServer'
  | 'haltKubeProxy'
  | 'continueKubeProxy'
  | 'importImages';

interface Call {
  readonly operation: OperationName;
  readonly argument: string;
}

/** Serves operations until it is disposed of. */
export async function serveOperations(
  socketPath: string,
  operations: ClusterOperations,
): Promise<AsyncDisposable> {
  const server = createServer((incoming, response) => void answer(incoming, response, operations));
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  all: ClusterOperations,
): Promise<void> {
  try {
    const { operation, argument } = (await json(incoming)) as Call;
    await all[operation](argument);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

/** Has an operation done; rejects with what the owner says is wrong. */
export async function callOperation(socketPath: string, call: Call): Promise<void> {
  const sent = request({ socketPath, method: 'POST' });
  sent.end(JSON.stringify(call));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const said = await text(response);
  if (response.statusCode !== 204) throw new Error(`${call.operation} ${call.argument}: ${said}`);
}
