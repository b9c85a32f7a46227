// A UDP backend: it answers each datagram with one that holds a line, `NAME VERSION`, and the datagram itself.

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { backend, type Backend, type BackendOptions } from './backend.ts';

/** Starts a UDP backend. It counts datagrams. */
export async function startUdpBackend(options: BackendOptions): Promise<Backend> {
  const address = options.address ?? '127.0.0.1';
  const introduction = Buffer.from(`${options.name} ${options.version ?? 'v1'}\n`);
  let served = 0;
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  socket.on('message', (datagram, from) => {
    served++;
    socket.send(Buffer.concat([introduction, datagram]), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port: options.port ?? 0 }, resolve);
  });
  socket.removeAllListeners('error');
  // An answer whose client is gone comes back as ECONNREFUSED.
  socket.on('error', () => {});
  const close = (): Promise<void> => new Promise((resolve) => socket.close(resolve));
  return backend({ options, port: socket.address().port, served: () => served, close });
}
