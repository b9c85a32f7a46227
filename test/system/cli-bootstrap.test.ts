// What `maesh bootstrap` prints, given to a real Envoy.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { runMaesh } from '../kit/run-maesh.ts';

const run = promisify(execFile);
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-bootstrap-'));
});

after(() => rm(folder, { recursive: true }));

describe('maesh bootstrap', () => {
  for (const output of ['yaml', 'json']) {
    it(`prints ${output} that Envoy takes`, async () => {
      const { path: envoy } = await findEnvoy({ log: silentLog });
      const { code, stdout, stderr } = await runMaesh(['bootstrap', '-o', output]);
      assert.deepEqual([code, stderr], [0, '']);
      const file = join(folder, `envoy.${output}`);
      await writeFile(file, stdout);
      const validation = await run(envoy, ['--mode', 'validate', '-c', file]);
      assert.match(validation.stdout, /^configuration '.*' OK$/m);
    });
  }

  it('says who the proxy is and where it finds Maesh', async () => {
    const flags = ['--nodeId', 'laptop', '--namespace', 'mesh', '--zone', 'z1', '--xdsHost', 'maesh.example'];
    const ports = ['--xdsPort', '1234', '--adminHost', '::1', '--adminPort', '0'];
    const { stdout } = await runMaesh(['bootstrap', '-o', 'json', ...flags, ...ports]);
    const bootstrap: unknown = JSON.parse(stdout);
    assert.partialDeepStrictEqual(bootstrap, {
      node: { id: 'laptop', cluster: 'mesh', locality: { zone: 'z1' } },
      admin: { address: { socket_address: { address: '::1', port_value: 0 } } },
      static_resources: {
        clusters: [
          {
            load_assignment: {
              endpoints: [
                {
                  lb_endpoints: [
                    {
                      endpoint: {
                        address: { socket_address: { address: 'maesh.example', port_value: 1234 } },
                      },
                    },
                  ],
                },
              ],
            },
          },
        ],
      },
    });
  });

  it('names the proxy after the machine where nobody else does', async () => {
    const { stdout } = await runMaesh(['bootstrap', '-o', 'json']);
    const { node } = JSON.parse(stdout) as { readonly node: { readonly id: string } };
    assert.notEqual(node.id, '');
  });
});
