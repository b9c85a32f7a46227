// Asks DNS servers, each question once: what is lost is lost.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { decode, encode, RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet';
import type { Packet, RecordType } from 'dns-packet';

/** Where a server listens. */
export interface DnsAddress {
  readonly address: string;
  readonly port: number;
}

export interface DnsAnswer {
  /** `NOERROR`, `NXDOMAIN` … */
  readonly rcode: string;
  /** The name that was asked for, as it came back. */
  readonly question: string | undefined;
  /** The records of the answer, each as its name, type and data. */
  readonly records: readonly string[];
  /** Of the first record, in seconds. */
  readonly ttl: number | undefined;
}

/** How long resolvers wait before they ask again. */
const usualMs = 5000;

/** One socket, any number of questions in flight. Close it in the end. */
export class DnsClient implements AsyncDisposable {
  readonly #server: DnsAddress;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (message: Buffer) => void>();
  #lastId = 0;

  private constructor(server: DnsAddress, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
    socket.on('message', (message) => this.#waiting.get(message.readUInt16BE(0))?.(message));
    // A server that isn't there yet is one that doesn't answer.
    socket.on('error', () => {});
  }

  static async open(server: DnsAddress): Promise<DnsClient> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0);
    await once(socket, 'listening');
    return new DnsClient(server, socket);
  }

  /** Asks by UDP. Rejects where there is no answer within 5 s, or what is said instead. */
  async ask(name: string, type: RecordType = 'A', withinMs: number = usualMs): Promise<DnsAnswer> {
    const id = (this.#lastId = (this.#lastId + 1) & 0xffff);
    const answered = Promise.withResolvers<Buffer>();
    this.#waiting.set(id, answered.resolve);
    const timer = setTimeout(() => answered.reject(new Error(`No answer about ${name}`)), withinMs);
    this.#socket.send(encode(query(id, name, type)), this.#server.port, this.#server.address);
    try {
      return answerOf(decode(await answered.promise));
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Asks by TCP, over a connection of its own. */
  async askByTcp(name: string, type: RecordType = 'A'): Promise<DnsAnswer> {
    const socket = connect(this.#server.port, this.#server.address);
    socket.setTimeout(usualMs, () => socket.destroy(new Error(`No answer about ${name} by TCP`)));
    try {
      socket.write(streamEncode(query(1, name, type)));
      let bytes = Buffer.alloc(0);
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0))
          return answerOf(streamDecode(bytes));
      }
      throw new Error(`The connection ended without an answer about ${name}`);
    } finally {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

function query(id: number, name: string, type: RecordType): Packet {
  return { type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type, class: 'IN' }] };
}

function answerOf({ answers = [], questions = [], ...rest }: Packet): DnsAnswer {
  const [first] = answers;
  return {
    rcode: (rest as { readonly rcode?: string }).rcode ?? 'none',
    question: questions[0]?.name,
    records: answers.map(
      (record) => `${record.name} ${record.type} ${dataOf('data' in record ? record.data : '')}`,
    ),
    ttl: first !== undefined && 'ttl' in first ? first.ttl : undefined,
  };
}

function dataOf(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}
