import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { Hono } from 'hono';

import { ListenError } from '../listen-error.ts';
import { serveHttp, type HttpServer, type ServeOptions } from './serve.ts';
import { streamText } from './text-stream.ts';

const host = '127.85.0.4';

function* endless(): Generator<string> {
  for (;;) yield 'x'.repeat(64 * 1024);
}

function application(): Hono {
  const app = new Hono();
  app.all('/hello', (context) => context.text('hello'));
  app.all('/endless', (context) => context.body(streamText(endless(), () => {})));
  app.all('/never', () => new Promise<Response>(() => {}));
  return app;
}

async function serve(context: TestContext, options: Partial<ServeOptions> = {}): Promise<HttpServer> {
  const server = await serveHttp(application(), { host, port: 0, ...options });
  context.after(() => server.close());
  return server;
}

async function dial(context: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, host);
  context.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function ended(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve));
}

test('an application is served on any free port', async (context) => {
  const { port } = await serve(context);
  const response = await fetch(`http://${host}:${port}/hello`);
  assert.equal(await response.text(), 'hello');
  const head = await fetch(`http://${host}:${port}/hello`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('a request body that nobody reads does no harm', async (context) => {
  const { port } = await serve(context);
  for (let request = 0; request < 3; request++) {
    const response = await fetch(`http://${host}:${port}/hello`, {
      method: 'POST',
      body: 'x'.repeat(1 << 20),
    });
    assert.equal(await response.text(), 'hello');
  }
});

test('the empty host stands for every address', async (context) => {
  const { port } = await serve(context, { host: '' });
  assert.equal((await fetch(`http://${host}:${port}/hello`)).status, 200);
});

test('a port that is taken is an error that says what to do', async (context) => {
  const other = createServer().listen(0, host);
  context.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(serveHttp(application(), { host, port }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'MAESH_LISTEN_IN_USE');
    assert.equal(error.message, `Cannot open ${host}:${port} for the API: another program listens there`);
    return true;
  });
  await assert.rejects(serveHttp(application(), { host, port, what: 'metrics' }), /for metrics/);
});

test('a request that does not arrive whole in time is answered with 408 and cut off', async (context) => {
  const { port } = await serve(context, { requestMs: 100 });
  const socket = await dial(context, port);
  socket.write('GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  assert.match(await text(socket), /^HTTP\/1\.1 408 /);
});

test('a client that stops reading amid an answer is cut off', async (context) => {
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  function* watched(): Generator<string> {
    try {
      yield* endless();
    } finally {
      leave();
    }
  }
  const app = new Hono().get('/', (answer) => answer.body(streamText(watched(), () => {})));
  const server = await serveHttp(app, { host, port: 0, idleMs: 100 });
  context.after(() => server.close());
  const socket = await dial(context, server.port);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  // The answer fills the buffers on the way, since nothing is read; only the server can end this.
  await gone;
});

test('close() ends at once when only idle connections are left', async (context) => {
  const server = await serve(context, { closeMs: 60_000 });
  const socket = await dial(context, server.port);
  socket.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  await Promise.all([server.close(), ended(socket)]);
  await server.close();
});

test('close() cuts off answers that do not end in time', async (context) => {
  const server = await serve(context, { closeMs: 50 });
  const waiting = await dial(context, server.port);
  waiting.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
  const reading = await dial(context, server.port);
  reading.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  reading.resume();
  await once(reading, 'data');
  await Promise.all([server.close(), ended(waiting), ended(reading)]);
  const late = connect(server.port, host);
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});
