// A name server for tests: what it is told, and nothing else.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

import { decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';

const nameError = 3;

/** A server on UDP. A name that it isn't told is NXDOMAIN. */
export class NameServer implements AsyncDisposable {
  /** Addresses of names, of both IP families; changed whenever a test likes. */
  readonly names: Map<string, readonly string[]> = new Map();
  /** Whether it says nothing at all. */
  isSilent = false;
  /** `address:port`. */
  readonly address: string;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.address = `${address}:${port}`;
    this.#socket = socket;
    socket.on('message', (message, { port: to, address: client }) => {
      if (!this.isSilent) socket.send(this.#answer(message), to, client);
    });
  }

  /** Starts one on a free port of the address. */
  static async start(address: string): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #answer(message: Buffer): Buffer {
    const { id = 0, questions = [] } = decode(message);
    const [question] = questions;
    const known = this.names.get(question?.name.toLowerCase() ?? '');
    const isAsked = (address: string): boolean => isIPv4(address) === (question?.type === 'A');
    return encode({
      type: 'response',
      id,
      flags: RECURSION_DESIRED | RECURSION_AVAILABLE | (known === undefined ? nameError : 0),
      questions,
      answers: (known ?? []).filter(isAsked).map((data) => ({
        type: isIPv4(data) ? 'A' : 'AAAA',
        name: question?.name ?? '',
        ttl: 5,
        data,
      })),
    });
  }
}
