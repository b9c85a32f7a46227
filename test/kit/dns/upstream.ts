// The DNS server of the world outside of a cluster: it knows no name, and remembers what it was asked.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';

import type { DnsAddress } from './dns-client.ts';

export interface Upstream extends DnsAddress, AsyncDisposable {
  /** Every name that it was asked for, as it was asked. */
  readonly asked: readonly string[];
}

const nxdomain = 3;

/** Starts one on a free port. */
export async function startUpstream(address: string): Promise<Upstream> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, { port, address: client }) => {
    const { id, questions = [] } = decode(message);
    asked.push(...questions.map(({ name }) => name));
    socket.send(encode({ type: 'response', id, flags: nxdomain, questions }), port, client);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  return {
    address,
    port: socket.address().port,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
