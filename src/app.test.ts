import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listen } from '../test/kit/backends/backend.ts';
import { RecordLog } from '../test/kit/record-log.ts';
import { standaloneDefaults } from '../test/kit/standalone-defaults.ts';
import { runStandalone } from './app.ts';
import { probePort } from './app/local-ports.ts';
import type { StandaloneAddresses, StandaloneOptions } from './config/options.ts';

function isNotReady(): void {
  throw new Error('it says that it is ready');
}

describe('runStandalone()', () => {
  let root = '';
  let options: StandaloneOptions;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'maesh-app-'));
    await writeFile(
      join(root, 'shop.json'),
      '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"store"}}',
    );
    options = { ...standaloneDefaults(join(root, 'state')), dir: [join(root, 'shop.json')] };
  });
  after(() => rm(root, { recursive: true }));

  it('says where it is reached once Envoys are told what to serve, and has closed all of it when it ends', async () => {
    const end = new AbortController();
    const ready = Promise.withResolvers<StandaloneAddresses>();
    const run = { log: new RecordLog(), signal: end.signal, onReady: ready.resolve };
    const running = runStandalone(options, run);
    const { dns, api, xds } = await ready.promise;
    assert.ok(dns !== undefined && api !== undefined);
    end.abort();
    await running;
    for (const { host, port } of [dns, api, xds]) await probePort({ what: 'a test', host, port });
  });

  it('rejects, with all of it closed, where a path is not there', async () => {
    const free = await probePort({ what: 'a test', host: '127.0.0.1', port: 0 });
    const missing = { ...options, dir: [join(root, 'nowhere')], xdsPort: free };
    const run = { log: new RecordLog(), signal: new AbortController().signal, onReady: isNotReady };
    await assert.rejects(runStandalone(missing, run), /nowhere/);
    await probePort({ what: 'a test', host: '127.0.0.1', port: free });
  });

  it('rejects where the port for its proxies cannot be had', async () => {
    const held = await listen(createServer(), { name: 'other', address: '127.0.0.1' });
    try {
      const run = { log: new RecordLog(), signal: new AbortController().signal, onReady: isNotReady };
      await assert.rejects(runStandalone({ ...options, xdsPort: held.port }, run), {
        code: 'MAESH_LISTEN_IN_USE',
      });
    } finally {
      await held.close();
    }
  });

  it('rejects where there is no Envoy to be had', async () => {
    const managed: StandaloneOptions = { ...options, envoy: 'managed', envoyBin: join(root, 'no-envoy') };
    const run = { log: new RecordLog(), signal: new AbortController().signal, onReady: isNotReady };
    await assert.rejects(runStandalone(managed, run), { code: 'MAESH_ENVOY_UNSUITABLE' });
  });
});
