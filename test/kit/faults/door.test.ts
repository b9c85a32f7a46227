import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Door } from './door.ts';

const backends = join(import.meta.dirname, '..', 'backends');

/** Resolves when a socket is closed, whatever the reason. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

for (const isEnding of [false, true]) {
  it(`a connection that is reset ${isEnding ? 'while TLS ends it' : 'amid its use'} is closed`, async () => {
    const [cert, key] = await Promise.all(
      ['https-cert.pem', 'https-key.pem'].map((name) => readFile(join(backends, name))),
    );
    const server = createServer({ cert, key });
    const door = await Door.open(server);
    const below = once(server, 'connection') as Promise<[Socket]>;
    const secured = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const client = connect({ host: '127.0.0.1', port: door.port, rejectUnauthorized: false });
    const errors: (string | undefined)[] = [];
    client.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
    const [[socket], [secure]] = await Promise.all([below, secured, once(client, 'secureConnect')]);
    const closed = Promise.all([closeOf(socket), closeOf(client)]);
    if (isEnding) secure.end();
    door.resetAll();
    await closed;
    assert.deepEqual(errors, isEnding ? [] : ['ECONNRESET']);
    await door.close();
  });
}
