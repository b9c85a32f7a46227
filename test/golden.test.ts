// Runs the golden cases of test/golden: manifests → topology → Envoy resources → a real Envoy → traffic.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildTopology } from '../src/model/build.ts';
import { readPaths } from '../src/source/file/read-paths.ts';
import { translate } from '../src/translate/translate.ts';
import type { Backend } from './kit/backends/backend.ts';
import { startBackend } from './kit/backends/start.ts';
import { caseFiles, matchGolden, readCases, type GoldenCase } from './kit/golden/cases.ts';
import { plainResources } from './kit/golden/plain-resources.ts';
import { plainTopology } from './kit/golden/plain.ts';
import { readListen } from './kit/golden/traffic-read.ts';
import { runExchange } from './kit/golden/traffic-run.ts';
import { TestMesh, testSettings } from './kit/mesh.ts';

const addressRange = '127.87.0.0/16';
for (const golden of await readCases()) {
  describe(`golden case ${golden.name}`, () => {
    test('gives this topology and these Envoy resources', async () => {
      const settings = testSettings(addressRange, golden.isAccessControlled);
      const { objects, problems } = await readPaths([join(golden.folder, 'input.yaml')]);
      const topology = buildTopology(objects, { ...settings.model, problems });
      await matchGolden(golden, 'topology.yaml', plainTopology(topology, golden.folder));
      await matchGolden(golden, 'envoy.yaml', plainResources(translate(topology, settings.translate)));
    });

    describe('in a real Envoy', () => runInEnvoy(golden));
  });
}

function runInEnvoy(golden: GoldenCase): void {
  const running = new AsyncDisposableStack();
  let mesh: TestMesh;

  before(async () => {
    // First, because it waits for another run of these tests, whose backends have the same addresses.
    mesh = running.use(
      await TestMesh.start({
        files: { 'input.yaml': golden.input },
        addressRange,
        isAccessControlled: golden.isAccessControlled,
      }),
    );
    for (const [name, { listen, kind, version = 'v1' }] of Object.entries(golden.traffic?.backends ?? {})) {
      // oxlint-disable-next-line no-await-in-loop -- one that fails should be the one that is reported
      running.use<Backend>(await startBackend(kind, { name, version, ...readListen(listen) }));
    }
  });
  after(() => running.disposeAsync());

  test('gives the same through the whole mesh, and Envoy refuses nothing', async () => {
    await matchGolden(golden, 'topology.yaml', plainTopology(mesh.topology, mesh.folder.path));
    await matchGolden(golden, 'envoy.yaml', plainResources(mesh.resources));
    assert.deepEqual(mesh.nacks, []);
  });

  for (const step of golden.traffic?.steps ?? []) {
    if ('files' in step)
      test(`takes ${Object.values(step.files).join(', ')}`, async () => {
        await mesh.write(await caseFiles(golden.folder, step.files));
      });
    else test(step.it, () => runExchange(step, mesh));
  }

  test('holds at the end what it was told, and has refused nothing', async () => {
    assert.deepEqual(await mesh.differences(), []);
    assert.deepEqual(mesh.nacks, []);
  });
}
