import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listen } from '../../test/kit/backends/backend.ts';
import { sendHttp } from '../../test/kit/clients/http.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { ServiceClient } from '../../test/kit/service-client.ts';
import { standaloneDefaults } from '../../test/kit/standalone-defaults.ts';
import type { StandaloneOptions } from '../config/options.ts';
import { openDoors } from './doors.ts';
import { place } from './placement.ts';
import { StandaloneMesh } from './standalone-mesh.ts';

describe('openDoors()', () => {
  let options: StandaloneOptions;
  before(async () => {
    options = standaloneDefaults(await mkdtemp(join(tmpdir(), 'maesh-doors-')));
  });
  after(() => rm(options.stateDir, { recursive: true }));

  async function meshWith(log: RecordLog): Promise<StandaloneMesh> {
    return new StandaloneMesh(options, await place(options, log), log);
  }

  it('opens DNS and the API, and closes both', async () => {
    const log = new RecordLog();
    const mesh = await meshWith(log);
    const doors = await openDoors(options, { mesh, log });
    assert.ok(doors.dns !== undefined && doors.api !== undefined);
    const api = { address: doors.api.host, port: doors.api.port };
    assert.equal((await sendHttp({ ...api, path: '/healthz' })).body, 'ok');
    assert.equal((await sendHttp({ ...api, path: '/api/status/readiness' })).status, 500);
    assert.deepEqual((await sendHttp({ ...api, path: '/api/status/nodes' })).body, '[]');
    assert.equal((await sendHttp({ ...api, path: '/api/status/node/nobody/configuration' })).status, 404);
    using client = new ServiceClient({ address: doors.dns.host, port: doors.dns.port });
    await assert.rejects(client.resolve('shop.store.maesh'), { code: 'ESERVFAIL' }, 'nothing is known yet');
    mesh.opened({ http: undefined, dns: doors.dns, api: doors.api, xds: undefined });
    assert.deepEqual(JSON.parse((await sendHttp({ ...api, path: '/api/status/ports' })).body), {
      dns: `127.0.0.1:${doors.dns.port}`,
      api: `127.0.0.1:${doors.api.port}`,
    });
    await doors.close();
    await assert.rejects(sendHttp({ ...api, path: '/healthz' }), { failure: 'refused' });
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });

  it('says what it could not open, and opens the rest', async () => {
    const held = await listen(createServer(), { name: 'other', address: '127.0.0.1' });
    try {
      const log = new RecordLog();
      const mesh = await meshWith(log);
      for (const [given, missing, what] of [
        [{ dnsPort: held.port }, 'dns', 'DNS'],
        [{ apiPort: held.port }, 'api', 'the API'],
      ] as const) {
        const doors = await openDoors({ ...options, ...given }, { mesh, log });
        assert.equal(doors[missing], undefined);
        assert.notEqual(doors[missing === 'dns' ? 'api' : 'dns'], undefined);
        await doors.close();
        assert.match(
          log.lines.at(-1)?.message ?? '',
          new RegExp(`^Cannot open 127\\.0\\.0\\.1:\\d+ for ${what}: `),
        );
      }
    } finally {
      await held.close();
    }
  });
});
