// Some golden cases through `maesh standalone` as users run it: a process of its own that starts its own Envoy.
// test/golden.test.ts runs all of them in its own process.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBackend } from '../kit/backends/start.ts';
import { caseFiles, readCase } from '../kit/golden/cases.ts';
import { readListen } from '../kit/golden/traffic-read.ts';
import { runExchange } from '../kit/golden/traffic-run.ts';
import { MeshProcess } from '../kit/mesh-process.ts';

for (const name of ['http-by-name', 'tcp-server-speaks-first', 'udp', 'service-renamed']) {
  const { traffic, input, folder } = await readCase(name);

  describe(`golden case ${name} in maesh standalone`, () => {
    const running = new AsyncDisposableStack();
    let mesh: MeshProcess;

    before(async () => {
      mesh = running.use(
        await MeshProcess.start({ files: { 'input.yaml': input }, addressRange: '127.87.0.0/16' }),
      );
      for (const [backend, { kind, listen }] of Object.entries(traffic?.backends ?? {})) {
        // oxlint-disable-next-line no-await-in-loop -- one that fails should be the one that is reported
        running.use(await startBackend(kind, { name: backend, ...readListen(listen) }));
      }
    });
    after(() => running.disposeAsync());

    for (const step of traffic?.steps ?? []) {
      if ('files' in step) {
        test('takes a change', async () => {
          await mesh.write(await caseFiles(folder, step.files));
        });
      } else {
        test(step.it, async () => {
          await runExchange(step, await mesh.entrances());
        });
      }
    }

    test('has no problem with its proxy', async () => {
      const { problems } = await mesh.topology();
      assert.deepEqual(
        problems.filter(({ code }) => code === 'MAESH_PROXY_REJECTED'),
        [],
      );
    });
  });
}
