// The applications of the demo: they know nothing of a mesh. Where they listen stands in demo/manifests.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';

/** Starts all of them; rejects if one can't listen. They end with the process. */
export async function startBackends(): Promise<void> {
  await Promise.all([
    listen(createShop('v1'), { host: '127.88.0.1', port: 18_081 }),
    listen(createShop('v2'), { host: '127.88.0.2', port: 18_082 }),
    listen(
      createTcpServer((connection) => connection.on('error', () => {}).pipe(connection)),
      {
        host: '127.88.0.3',
        port: 18_083,
      },
    ),
    startBeacon({ host: '127.88.0.4', port: 18_084 }),
  ]);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function createShop(version: string): Server {
  return createHttpServer((request, response) => {
    response.end(`shop ${version} says hello to ${request.headers.host ?? 'nobody'}\n`);
  });
}

async function listen(server: Server, { host, port }: Place): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

async function startBeacon({ host, port }: Place): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port: from }) =>
    socket.send(`${message.toString()} heard`, from, address),
  );
  socket.bind(port, host);
  await once(socket, 'listening');
}
