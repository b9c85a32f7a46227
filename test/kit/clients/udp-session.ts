// A UDP client that keeps its port, and with it its session at a proxy, for as long as a test lasts.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { exchange } from './client-error.ts';
import type { Dial } from './http.ts';
import { readUdpAnswer, type UdpAnswer } from './udp.ts';

/** Sends datagrams from one port. */
export class UdpSession implements AsyncDisposable {
  readonly #socket: Socket;
  #sent = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Takes a port, of the address that is given, or of the system's choice. */
  static async open({ address, port, from }: Dial & { readonly from?: string }): Promise<UdpSession> {
    const socket = createSocket('udp4');
    if (from !== undefined) {
      socket.bind({ address: from });
      await once(socket, 'listening');
    }
    socket.connect(port, address);
    await once(socket, 'connect');
    // What nobody listens for is reported by the next call; each datagram has its own time limit.
    socket.on('error', () => {});
    return new UdpSession(socket);
  }

  /** Sends a datagram of its own and waits for the answer to it; 2 s at most by default. */
  send(timeoutMs = 2_000): Promise<UdpAnswer> {
    const text = `datagram ${++this.#sent}`;
    const socket = this.#socket;
    let take: (datagram: Buffer) => void = () => {};
    const answer = exchange<UdpAnswer>(timeoutMs, (resolve) => {
      take = (datagram) => {
        const read = readUdpAnswer(datagram);
        if (read.received === text) resolve(read);
      };
      socket.on('message', take);
      socket.send(text, () => {});
      return () => {};
    });
    return answer.finally(() => socket.off('message', take));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
    });
  }
}
