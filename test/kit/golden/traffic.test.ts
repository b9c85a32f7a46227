import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startHttpBackend } from '../backends/http.ts';
import type { HttpStep } from './traffic-format.ts';
import { readListen, readTraffic } from './traffic-read.ts';
import { runExchange } from './traffic-run.ts';

describe('readTraffic()', () => {
  const read = async (text: string): Promise<unknown> => {
    const folder = await mkdtemp(join(tmpdir(), 'maesh-traffic-'));
    const path = join(folder, 'traffic.yaml');
    await writeFile(path, text);
    try {
      return await readTraffic(path);
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test('refuses an expectation that it does not know, and names it', async () => {
    const step = 'steps: [{ it: is, http: { to: a/b/1, by: name }, expect: { statsu: 200 } }]';
    await assert.rejects(read(step), /step 1 .*traffic\.yaml:\n.*statsu/su);
  });

  test('refuses a step that neither sends nor changes anything', async () => {
    await assert.rejects(read('steps: [{ it: is }]'), /Step 1 .* sends nothing and changes no files/u);
  });

  test('runs a step once where it does not say how often', async () => {
    const step = { it: 'is', http: { to: 'a/b/1', by: 'name' }, expect: {} };
    const traffic = await read(`steps: [${JSON.stringify(step)}]`);
    assert.deepEqual(traffic, { backends: {}, steps: [{ ...step, times: 1 }] });
  });
});

test('readListen() takes addresses of both families', () => {
  assert.deepEqual(readListen('127.0.0.1:80'), { address: '127.0.0.1', port: 80 });
  assert.deepEqual(readListen('[::1]:8080'), { address: '::1', port: 8080 });
});

describe('runExchange()', () => {
  /** Runs a step against a backend that takes the place of a mesh. */
  const run = async (expect: HttpStep['expect'], path: string = '/'): Promise<void> => {
    await using backend = await startHttpBackend({ name: 'shop-1', address: '127.87.0.1' });
    const { address, port } = backend;
    const entrance = { host: 'shop.store.maesh:80', meshPort: port, localAddress: address, localPort: port };
    await runExchange(
      { it: 'is', times: 10, http: { to: 'store/shop/80', by: 'name', path }, expect },
      { ports: new Map([['store/shop/80', entrance]]), httpPort: { address, port }, proxyAddress: address },
    );
  };

  test('accepts what is as expected', async () => {
    await run({ status: 200, from: 'shop-1', echo: { host: 'shop.store.maesh:80', path: '/' } });
    await run({ failure: 'closed' }, '/drop');
  });

  for (const [what, expect] of Object.entries<HttpStep['expect']>({
    status: { status: 404 },
    backend: { from: 'shop-2' },
    shares: { from: { 'shop-1': 0.5, 'shop-2': 0.5 } },
    body: { body: 'hello' },
    size: { answerBytes: 1 },
    header: { headers: { 'served-by': 'shop-2' } },
    trailer: { trailers: { 'served-by': 'shop-1' } },
    hint: { informational: [103] },
    echo: { echo: { headers: { 'x-test': 'yes' } } },
    'absence of a header': { echoHasNot: ['ho*'] },
    failure: { failure: 'closed' },
  })) {
    test(`rejects another ${what} than expected`, async () => {
      await assert.rejects(run(expect), { name: 'AssertionError' });
    });
  }
});
