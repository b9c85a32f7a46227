// What the demo calls the mesh with: plain clients, such as any application has.

import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Everything here gives up after this long. */
const timeoutMs = 5_000;

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** `GET /` at an address of this machine, for the given Host, on a connection of its own. */
export async function getByHost(place: { host: string; port: number }, hostHeader: string): Promise<Answer> {
  const call = request({ ...place, headers: { host: hostHeader }, agent: false, timeout: timeoutMs });
  call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: (await text(response)).trim() };
}

/** Looks up the IPv4 address of a name at a DNS server of this machine. */
export async function lookUp(name: string, dnsPort: number): Promise<string> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const [address] = await resolver.resolve4(name);
  if (address === undefined) throw new Error(`${name} has no address`);
  return address;
}

/** Sends a text over TCP and gives back what comes until the other side ends. */
export async function sayByTcp(place: { host: string; port: number }, words: string): Promise<string> {
  const connection = connect({ ...place, timeout: timeoutMs });
  connection.on('timeout', () => connection.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  connection.end(words);
  return text(connection);
}

/** Sends a datagram and gives back the first that comes. */
export async function sayByUdp(place: { host: string; port: number }, words: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.send(words, place.port, place.host);
    const signal = AbortSignal.timeout(timeoutMs);
    const [message] = (await once(socket, 'message', { signal })) as [Buffer];
    return message.toString();
  } finally {
    socket.close();
  }
}
