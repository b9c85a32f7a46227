// A server that takes no connections: its process is stopped, and its queue is full, so that whoever connects waits.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Dial } from './clients/http.ts';

/** Where it listens; ended when disposed of. */
export interface DeafServer extends Dial, AsyncDisposable {}

const script = `
require('node:net').createServer().listen({ host: process.argv[1], port: 0, backlog: 1 }, function () {
  process.stdout.write(String(this.address().port));
});
`;

/** Starts it. */
export async function startDeafServer(address: string): Promise<DeafServer> {
  const child = spawn(process.execPath, ['-e', script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const dial: Dial = { address, port: Number(port) };
  child.kill('SIGSTOP');
  // The kernel goes on taking connections until the queue holds one more than it should; the last of these waits.
  const sockets: Socket[] = [];
  for (let index = 0; index < 3; index++) {
    const socket = connect({ host: address, port: dial.port });
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await once(sockets[0] as Socket, 'connect');
  return {
    ...dial,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
