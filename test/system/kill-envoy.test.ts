// kill -9 of the Envoy that a mesh runs, under load and while the folder changes: it is started again at once, and
// everything is where it was.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { descendants } from '../kit/descendants.ts';
import { checkpoint } from '../kit/mutations/checkpoint.ts';
import { MeshUnderChange } from '../kit/mutations/mesh-under-change.ts';
import { mutationsOfWholeFiles } from '../kit/mutations/mutation-table.ts';
import { homesOf } from '../kit/mutations/run.ts';
import { gone } from '../kit/running.ts';
import { until } from '../kit/until.ts';

const kills = 3;
/** Far above what it takes, but far below what people would put up with. */
const boundMs = 10_000;

describe('a mesh whose Envoy is killed', () => {
  const running = new AsyncDisposableStack();
  let one: MeshUnderChange;
  let homes: ReadonlyMap<string, string>;

  before(async () => {
    one = running.use(
      await MeshUnderChange.create({ seed: 1, addressRange: '127.97.0.0/16', backendNet: '127.89.3' }),
    );
    await one.startMesh();
    homes = homesOf(await one.mesh.topology());
    await one.startTraffic(['stable']);
    await load().moreOfEach(1);
  });
  after(() => running.disposeAsync());

  function load(): MeshUnderChange['loads'][number] {
    const [first] = one.loads;
    assert.ok(first !== undefined);
    return first;
  }

  for (let kill = 1; kill <= kills; kill++) {
    it(`serves again after kill ${kill}, and says what happened`, async (context) => {
      const envoy = await one.mesh.envoyPid();
      const { length: before } = one.mesh.lines(/^Envoy ended by SIGKILL/);
      const { length: outages } = load().outages;
      process.kill(envoy, 'SIGKILL');
      const killedAt = performance.now();
      await gone(envoy);
      for (let i = 0; i < 10; i++) await one.mutate(mutationsOfWholeFiles);
      await until('the log to say it', () => one.mesh.lines(/^Envoy ended by SIGKILL/)[before]);
      await load().moreOfEach(3, boundMs);
      const backAfter = load()
        .outages.slice(outages)
        .map((outage) => outage.until - killedAt);
      context.diagnostic(`all traffic is back after ${Math.round(Math.max(...backAfter))} ms`);
      assert.deepEqual(load().openOutages, []);
      assert.ok(Math.max(...backAfter) < boundMs);
      const line = one.mesh.lines(/^Envoy ended by SIGKILL/)[before];
      assert.match(line?.msg ?? '', /^Envoy ended by SIGKILL after \d+ ms; it is started again in \d+ ms$/);
      assert.equal(line?.level, kill === 1 ? 'warning' : 'error');
    });
  }

  it('has everything where it was, and holds what the folder says', async () => {
    assert.deepEqual(await checkpoint(one), []);
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
  });

  it('leaves no process behind, and counts the restarts', async () => {
    // Envoy, and what kills it should the mesh be killed.
    assert.equal((await descendants(one.mesh.pid)).length, 2);
    assert.equal((await one.mesh.metrics()).sum('maesh_envoy_restarts_total'), kills);
    assert.equal((await one.mesh.metrics()).sum('maesh_connected_proxies'), 1);
  });
});
