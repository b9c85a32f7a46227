// The DNS server of a standalone mesh: the domains of zone.ts on UDP and TCP.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';

import type { Log } from '../../runtime/log.ts';
import { ListenError } from '../listen-error.ts';
import { respond, respondFailure } from './respond.ts';
import { serveConnection } from './tcp.ts';
import { parseDomain, type Domain, type Names, type Rcode } from './zone.ts';

/** Its names are best those of {@link namesOf}: `{ ...namesOf(() => topology), domains, log }`. */
export interface DnsServerOptions extends Names {
  /** Domains that are served, such as `maesh` and `traefik.mesh`. */
  readonly domains: readonly string[];
  readonly log: Log;
  /** Called for each answer that is sent, for metrics. */
  readonly onAnswer?: (rcode: Rcode) => void;
  /** TCP connections at a time; further ones are closed. 128 by default. */
  readonly maxConnections?: number;
  /** See TcpOptions; 10 s by default. */
  readonly idleMs?: number;
}

interface Sockets {
  readonly udp: UdpSocket;
  readonly tcp: Server;
}

/** Answers to datagrams that wait in the system for longer than it takes to send this much are dropped. */
const maxWaitingBytes = 1 << 20;

/** How often a number that is free on TCP is given up because it is taken on UDP. */
const portAttempts = 20;

/** Constructing it opens nothing; {@link DnsServer.listen} does. Throws a RangeError for a domain that is none. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #domains: readonly Domain[];
  readonly #connections = new Set<Socket>();
  #sockets: Sockets | undefined;

  constructor(options: DnsServerOptions) {
    this.#options = options;
    // The longest first, so that a name within two domains belongs to the nearer one.
    this.#domains = options.domains.map(parseDomain).toSorted((a, b) => b.labels.length - a.labels.length);
  }

  /**
   * Opens the same port on UDP and TCP, and resolves with its number; port 0 takes any that is free on both.
   * Rejects with a {@link ListenError} and leaves nothing open.
   *
   * @param address.host - IP address of this machine. On a wildcard address the answer to a datagram comes from the
   *   address that the system prefers, which clients that asked another one ignore.
   */
  async listen(address: { readonly host: string; readonly port: number }): Promise<number> {
    try {
      return await this.#open(address, address.port === 0 ? portAttempts : 1);
    } catch (error) {
      throw ListenError.from(error, { what: 'DNS', ...address });
    }
  }

  /** Closes both ports and every connection. Closing a server that doesn't listen does nothing. */
  async close(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = undefined;
    if (sockets === undefined) return;
    const closed = once(sockets.udp, 'close');
    sockets.udp.close();
    await Promise.all([closed, this.#closeTcp(sockets.tcp)]);
  }

  async #closeTcp(tcp: Server): Promise<void> {
    const closed = once(tcp, 'close');
    tcp.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  async #open(address: { readonly host: string; readonly port: number }, attempts: number): Promise<number> {
    const tcp = this.#createTcp();
    tcp.listen(address.port, address.host);
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = this.#createUdp(address.host);
    try {
      udp.bind(port, address.host);
      await once(udp, 'listening');
    } catch (error) {
      udp.close();
      await this.#closeTcp(tcp);
      if (attempts > 1) return await this.#open(address, attempts - 1);
      throw error;
    }
    const { log } = this.#options;
    udp.on('error', (error) => log.warn('The DNS server met an error on UDP', { error }));
    tcp.on('error', (error) => log.warn('The DNS server met an error on TCP', { error }));
    this.#sockets = { udp, tcp };
    return port;
  }

  #createUdp(host: string): UdpSocket {
    const udp = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
    udp.on('message', (message, client) => this.#answerDatagram(udp, message, client));
    return udp;
  }

  #createTcp(): Server {
    const tcp = createServer((connection) => {
      this.#connections.add(connection);
      connection.on('close', () => this.#connections.delete(connection));
      serveConnection(connection, {
        answer: (message) => this.#answer(message),
        idleMs: this.#options.idleMs ?? 10_000,
      });
    });
    tcp.maxConnections = this.#options.maxConnections ?? 128;
    return tcp;
  }

  #answerDatagram(udp: UdpSocket, message: Buffer, client: RemoteInfo): void {
    // Nobody listens on port 0; a datagram that claims to come from it is forged.
    if (client.port === 0 || udp.getSendQueueSize() > maxWaitingBytes) return;
    const answer = this.#answer(message);
    // Where an answer can't be sent (no route to a forged address), there is nobody to tell.
    if (answer !== undefined) udp.send(answer, client.port, client.address, () => {});
  }

  #answer(message: Buffer): Buffer | undefined {
    const response = this.#respond(message);
    if (response !== undefined) this.#options.onAnswer?.(response.rcode);
    return response?.bytes;
  }

  #respond(message: Buffer): ReturnType<typeof respond> {
    try {
      return respond(message, { domains: this.#domains, names: this.#options });
    } catch (error) {
      this.#options.log.error('Cannot answer a DNS query', { error });
      return respondFailure(message);
    }
  }
}
