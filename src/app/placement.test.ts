import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { listen } from '../../test/kit/backends/backend.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { parseAddressRange } from '../model/addresses.ts';
import { standalonePorts } from '../model/ports.ts';
import { countNumbers } from '../model/slots.ts';
import { place, type PlacementOptions } from './placement.ts';

const options: PlacementOptions = {
  addressRange: '127.85.0.0/16',
  defaultMode: 'tcp',
  acl: false,
  closeForbidden: false,
  envoy: 'managed',
  httpPort: 0,
  limitHTTPPort: undefined,
  limitTCPPort: undefined,
  limitUDPPort: undefined,
};

describe('place()', () => {
  it('puts services and proxy into the range of addresses', async () => {
    const { model, translate } = await place(options, new RecordLog());
    assert.deepEqual(model.addresses, parseAddressRange('127.85.0.0/16')?.services);
    assert.equal(model.defaultMode, 'tcp');
    assert.equal(translate.meshAddress, '127.85.0.1');
    assert.deepEqual(translate.readiness, { address: '127.85.0.1', port: 1081 });
    assert.deepEqual(model.ports, standalonePorts);
    assert.equal(translate.ports, model.ports);
  });

  it('controls access in what the mesh is and in what proxies are told, or in neither', async () => {
    for (const acl of [true, false]) {
      const { model, translate } = await place({ ...options, acl, closeForbidden: acl }, new RecordLog());
      assert.deepEqual([model.isAccessControlled, translate.isAccessControlled], [acl, acl]);
      assert.equal(translate.closesForbidden, acl);
    }
  });

  it('limits mesh ports as it is told', async () => {
    const limits = { limitHTTPPort: 10, limitTCPPort: 0, limitUDPPort: 25 };
    const { model } = await place({ ...options, ...limits }, new RecordLog());
    const counts = (['http', 'tcp', 'udp'] as const).map((traffic) => countNumbers(model.ports[traffic]));
    assert.deepEqual(counts, [10, 0, 25]);
  });

  it('finds a free port for HTTP by Host', async () => {
    const { translate } = await place(options, new RecordLog());
    assert.equal(translate.hostPort?.address, '127.0.0.1');
    assert.ok((translate.hostPort?.port ?? 0) > 0);
  });

  it('goes without that port where it cannot be had, and says so', async () => {
    const { port, close } = await listen(createServer(), { name: 'other', address: '127.0.0.1' });
    try {
      const log = new RecordLog();
      const { translate } = await place({ ...options, httpPort: port }, log);
      assert.equal(translate.hostPort, undefined);
      const line = log.lines.find(({ level }) => level === 'error');
      assert.equal(line?.fields['code'], 'MAESH_LISTEN_IN_USE');
      assert.match(line?.message ?? '', /^Cannot open 127\.0\.0\.1:\d+ for HTTP services by Host/);
      // The Envoy that has it already may be the one that others keep running for this mesh.
      const external = await place({ ...options, httpPort: port, envoy: 'external' }, new RecordLog());
      assert.deepEqual(external.translate.hostPort, { address: '127.0.0.1', port });
    } finally {
      await close();
    }
  });

  it('rejects what is no range of loopback addresses', async () => {
    await assert.rejects(
      place({ ...options, addressRange: '10.0.0.0/16' }, new RecordLog()),
      /10\.0\.0\.0\/16/,
    );
  });
});
