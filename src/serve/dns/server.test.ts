import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { decode, encode } from 'dns-packet';

import { silentLog, type Log } from '../../runtime/log.ts';
import { ListenError } from '../listen-error.ts';
import { DnsServer, type DnsServerOptions } from './server.ts';
import type { Rcode } from './zone.ts';

const host = '127.85.0.1';

const defaults: DnsServerOptions = {
  domains: ['maesh', 'traefik.mesh'],
  isReady: () => true,
  lookup: (namespace, service) => (namespace === 'store' && service === 'shop' ? '127.85.1.1' : undefined),
  hasNamespace: (namespace) => namespace === 'store',
  log: silentLog,
};

async function serve(context: TestContext, options: Partial<DnsServerOptions> = {}): Promise<number> {
  const server = new DnsServer({ ...defaults, ...options });
  const port = await server.listen({ host, port: 0 });
  context.after(() => server.close());
  return port;
}

function query(name: string, id: number): Buffer {
  return encode({ type: 'query', id, questions: [{ name, type: 'A', class: 'IN' }] });
}

function framed(...messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((bytes) => [Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]),
  );
}

async function dial(context: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, host);
  context.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Waits until a connection has ended, also by an error (which `once` would throw). */
async function ended(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve));
}

/** Reads answers off a connection until there are enough, and gives their ids. */
async function readIds(socket: Socket, count: number): Promise<number[]> {
  let bytes = Buffer.alloc(0);
  const ids: number[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      ids.push(decode(bytes.subarray(2, end)).id ?? -1);
      bytes = bytes.subarray(end);
    }
    if (ids.length >= count) break;
  }
  return ids;
}

async function askUdp(context: TestContext, port: number, messages: readonly Buffer[]): Promise<Buffer> {
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  const answer = once(socket, 'message');
  for (const message of messages) socket.send(message, port, host);
  const [bytes] = (await answer) as [Buffer];
  return bytes;
}

test('a resolver finds services, and learns what is not there', async (context) => {
  const port = await serve(context);
  const resolver = new Resolver({ timeout: 10_000, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  assert.deepEqual(await resolver.resolve4('shop.store.maesh', { ttl: true }), [
    { address: '127.85.1.1', ttl: 5 },
  ]);
  assert.deepEqual(await resolver.resolve4('Shop.Store.Traefik.Mesh'), ['127.85.1.1']);
  assert.equal((await resolver.resolveSoa('maesh')).minttl, 5);
  assert.deepEqual(await resolver.resolveNs('traefik.mesh'), ['traefik.mesh']);
  await assert.rejects(resolver.resolve6('shop.store.maesh'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('store.maesh'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('gone.store.maesh'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolve4('example.com'), { code: 'EREFUSED' });
});

test('a resolver is told to come back while the mesh is not known', async (context) => {
  const port = await serve(context, { isReady: () => false });
  const resolver = new Resolver({ timeout: 10_000, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  await assert.rejects(resolver.resolve4('shop.store.maesh'), { code: 'ESERVFAIL' });
});

test('junk and responses by UDP are left alone, and what comes after is answered', async (context) => {
  const rcodes: Rcode[] = [];
  const port = await serve(context, { onAnswer: (rcode) => rcodes.push(rcode) });
  const response = encode({ type: 'response', id: 1, questions: [{ name: 'shop.store.maesh', type: 'A' }] });
  const answer = await askUdp(context, port, [
    Buffer.alloc(0),
    Buffer.alloc(5),
    response,
    query('shop.store.maesh', 77),
  ]);
  assert.equal(decode(answer).id, 77);
  assert.deepEqual(rcodes, ['NOERROR']);
});

test('a failure while answering is SERVFAIL and logged, and the server goes on', async (context) => {
  const logged: unknown[][] = [];
  const log: Log = { ...silentLog, error: (...line) => logged.push(line) };
  const error = new Error('lookup failed');
  const port = await serve(context, {
    log,
    lookup: (_namespace, service) => {
      if (service === 'broken') throw error;
      return service === 'odd' ? 'not an address' : '127.85.1.1';
    },
  });
  const rcodeOf = async (name: string): Promise<number> =>
    (await askUdp(context, port, [query(name, 1)])).readUInt16BE(2) & 0xf;
  assert.equal(await rcodeOf('broken.store.maesh'), 2);
  assert.equal(await rcodeOf('odd.store.maesh'), 2);
  assert.equal(await rcodeOf('shop.store.maesh'), 0);
  assert.equal(logged.length, 2);
  assert.deepEqual(logged[0], ['Cannot answer a DNS query', { error }]);
});

test('a TCP connection carries any number of queries, however they are cut up', async (context) => {
  const port = await serve(context);
  const socket = await dial(context, port);
  socket.write(framed(query('shop.store.maesh', 1), query('gone.store.maesh', 2), query('example.com', 3)));
  assert.deepEqual(await readIds(socket, 3), [1, 2, 3]);
  socket.setNoDelay(true);
  for (const byte of framed(query('shop.store.maesh', 4))) socket.write(Buffer.from([byte]));
  assert.deepEqual(await readIds(socket, 1), [4]);
});

test('a client that ends its side still gets its answers', async (context) => {
  const port = await serve(context);
  const socket = await dial(context, port);
  socket.end(framed(query('shop.store.maesh', 1), query('shop.store.maesh', 2)));
  assert.deepEqual(await readIds(socket, 2), [1, 2]);
});

test('a TCP connection on which something else than queries comes is cut off', async (context) => {
  const port = await serve(context);
  for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([0, 0]), Buffer.from([0, 11])]) {
    const socket = await dial(context, port);
    socket.write(bytes);
    await ended(socket);
  }
});

test('a TCP connection is closed when no whole query comes, however many bytes do', async (context) => {
  const port = await serve(context, { idleMs: 200 });
  const socket = await dial(context, port);
  const bytes = framed(query(`${'a'.repeat(60)}.${'b'.repeat(60)}.store.maesh`, 1));
  let at = 0;
  const dribble = setInterval(() => socket.write(bytes.subarray(at, ++at)), 20);
  context.after(() => clearInterval(dribble));
  await ended(socket);
  assert.ok(at < bytes.length);
});

test('a client that does not read its answers is no longer read from, and closed', async (context) => {
  let answered = 0;
  const port = await serve(context, { idleMs: 300, onAnswer: () => answered++ });
  const socket = await dial(context, port);
  socket.pause();
  const burst = framed(...Array.from({ length: 1000 }, () => query('shop.store.maesh', 1)));
  let sent = 0;
  const pump = (): void => {
    while (!socket.destroyed && sent < 1_000_000) {
      sent += 1000;
      if (!socket.write(burst)) return;
    }
  };
  socket.on('drain', pump);
  pump();
  await ended(socket);
  assert.ok(answered > 0);
  assert.ok(answered < sent, `${answered} of ${sent} answered`);
  assert.ok(sent < 1_000_000, 'the server read without end');
});

test('TCP connections beyond the limit are closed, and there is room again when others end', async (context) => {
  const port = await serve(context, { maxConnections: 2 });
  const ask = async (socket: Socket): Promise<number[]> => {
    socket.write(framed(query('shop.store.maesh', 1)));
    return await readIds(socket, 1);
  };
  const first = await dial(context, port);
  const second = await dial(context, port);
  assert.deepEqual([await ask(first), await ask(second)], [[1], [1]]);
  const third = connect(port, host);
  third.on('error', () => {});
  await ended(third);
  first.end();
  await ended(first);
  // The server may learn of the end a little later than its client.
  let answered: number[] = [];
  while (answered.length === 0) answered = await ask(await dial(context, port)).catch(() => []);
  assert.deepEqual(answered, [1]);
});

test('close() ends connections and frees the port, and may be called again', async () => {
  const server = new DnsServer(defaults);
  await server.close();
  const port = await server.listen({ host, port: 0 });
  const socket = connect(port, host);
  await once(socket, 'connect');
  const closed = ended(socket);
  await server.close();
  await closed;
  await server.close();
  const next = new DnsServer(defaults);
  assert.equal(await next.listen({ host, port }), port);
  await next.close();
});

test('a port that is taken on TCP is an error that says what to do', async (context) => {
  const other = createServer().listen(0, host);
  context.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(new DnsServer(defaults).listen({ host, port }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'MAESH_LISTEN_IN_USE');
    assert.equal(error.message, `Cannot open ${host}:${port} for DNS: another program listens there`);
    return true;
  });
});

test('a port that is taken on UDP only is an error too, and nothing stays open', async (context) => {
  const other = createSocket('udp4').bind(0, host);
  context.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address();
  await assert.rejects(new DnsServer(defaults).listen({ host, port }), { code: 'MAESH_LISTEN_IN_USE' });
  const socket = connect(port, host);
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('it serves IPv6', async (context) => {
  const server = new DnsServer(defaults);
  const port = await server.listen({ host: '::1', port: 0 });
  context.after(() => server.close());
  const resolver = new Resolver({ timeout: 10_000, tries: 1 });
  resolver.setServers([`[::1]:${port}`]);
  assert.deepEqual(await resolver.resolve4('shop.store.maesh'), ['127.85.1.1']);
});
