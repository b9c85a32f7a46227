// A UDP client for tests: one datagram and the answer to it.

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { exchange } from './client-error.ts';
import type { Dial } from './http.ts';

export interface UdpTalk extends Dial {
  /** Address from which to send; the system's choice by default. */
  readonly from?: string;
  readonly send: string;
  /** 5 s by default. A datagram that nobody answers ends in a timeout, or in `refused` where nobody listens. */
  readonly timeoutMs?: number;
}

export interface UdpAnswer {
  /** Name and version of the backend. */
  readonly name: string;
  readonly version: string;
  /** The datagram as the backend got it. */
  readonly received: string;
}

/** Reads the datagram of a UDP backend. */
export function readUdpAnswer(datagram: Buffer): UdpAnswer {
  const [introduction = '', ...rest] = datagram.toString().split('\n');
  const [name = '', version = ''] = introduction.split(' ');
  return { name, version, received: rest.join('\n') };
}

/** Sends a datagram from a port of its own and waits for the answer. Rejects with a ClientError. */
export function talkUdp(talk: UdpTalk): Promise<UdpAnswer> {
  const socket = createSocket(isIPv6(talk.address) ? 'udp6' : 'udp4');
  const answer = exchange<UdpAnswer>(talk.timeoutMs, (resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (datagram) => {
      resolve(readUdpAnswer(datagram));
    });
    // Connected, so that the kernel reports a port on which nobody listens.
    const send = (): unknown => socket.connect(talk.port, talk.address, () => socket.send(talk.send));
    if (talk.from === undefined) send();
    else socket.bind({ address: talk.from }, send);
    return () => {};
  });
  return answer.finally(() => socket.close());
}
