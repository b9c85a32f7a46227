// A mesh that is ended and started again, with the Envoy that it runs: it ends in good order and quickly, also under load,
// and comes back with everything where it was.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { descendants } from '../kit/descendants.ts';
import { freePort } from '../kit/free-port.ts';
import { checkpoint } from '../kit/mutations/checkpoint.ts';
import { MeshUnderChange } from '../kit/mutations/mesh-under-change.ts';
import { mutationsOfWholeFiles } from '../kit/mutations/mutation-table.ts';
import { homesOf } from '../kit/mutations/run.ts';
import { gone, isRunning } from '../kit/running.ts';
import { listeningSockets } from '../kit/sockets.ts';
import { until } from '../kit/until.ts';

/** An Envoy that does not end is killed after five seconds. */
const boundMs = 4_000;

describe('a mesh that is restarted', () => {
  const running = new AsyncDisposableStack();
  let one: MeshUnderChange;
  let homes: ReadonlyMap<string, string>;
  let ports: readonly number[];

  before(async () => {
    const free = {
      http: await freePort('127.0.0.1'),
      dns: await freePort('127.0.0.1'),
      api: await freePort('127.0.0.1'),
      xds: await freePort('127.0.0.1'),
    };
    ports = Object.values(free);
    one = running.use(
      await MeshUnderChange.create({
        seed: 1,
        addressRange: '127.94.0.0/16',
        backendNet: '127.89.5',
        call: { ports: free },
      }),
    );
    await one.startMesh();
    homes = homesOf(await one.mesh.topology());
    await one.startTraffic(['stable']);
  });
  after(() => running.disposeAsync());

  /** Sockets of the mesh and of its Envoy that listen; the test itself holds one in the range. */
  async function openSockets(): Promise<readonly string[]> {
    const sockets = await listeningSockets();
    return sockets
      .filter(({ address, port }) =>
        address.startsWith('127.94.') ? port !== 18_999 : address === '127.0.0.1' && ports.includes(port),
      )
      .map(({ protocol, address, port }) => `${protocol} ${address}:${port}`);
  }

  async function serving(): Promise<void> {
    await until('the mesh to serve', async () => (await checkpoint(one)).length === 0 || undefined);
    for (const load of one.loads) await load.moreOfEach(2);
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends at ${signal} under load, and leaves neither process nor socket behind`, async (context) => {
      await serving();
      const processes = [one.mesh.pid, ...(await descendants(one.mesh.pid))];
      assert.equal(processes.length, 3);
      assert.ok((await openSockets()).length > 30);
      const startedAt = performance.now();
      // Now and again at once: under `npm run`, one Ctrl-C comes twice.
      one.mesh.kill(signal);
      const { code, stderr } = await one.mesh.end(signal);
      const tookMs = Math.round(performance.now() - startedAt);
      context.diagnostic(`ended after ${tookMs} ms`);
      assert.deepEqual([code, stderr], [0, '']);
      assert.ok(tookMs < boundMs);
      for (const pid of processes) assert.equal(await isRunning(pid), false, `process ${pid} is still there`);
      assert.deepEqual(await openSockets(), []);
      assert.deepEqual(
        one.mesh.log.filter(({ level }) => level === 'error'),
        [],
      );
    });

    it('comes back with everything where it was', async (context) => {
      const startedAt = performance.now();
      await one.startMesh();
      context.diagnostic(`ready after ${Math.round(performance.now() - startedAt)} ms`);
      await serving();
      assert.deepEqual(homesOf(await one.mesh.topology()), homes);
    });
  }

  it('ends when it is told to before it is ready', async () => {
    await one.mesh.end('SIGTERM');
    await one.spawnMesh();
    await one.mesh.line(/^Manifests are read$/);
    const { code } = await one.mesh.end('SIGTERM');
    assert.equal(code, 0);
    assert.deepEqual(await openSockets(), []);
  });

  it('ends although its Envoy hangs', async (context) => {
    await one.startMesh();
    const envoy = await one.mesh.envoyPid();
    process.kill(envoy, 'SIGSTOP');
    const startedAt = performance.now();
    const { code } = await one.mesh.end('SIGTERM');
    context.diagnostic(`ended after ${Math.round(performance.now() - startedAt)} ms`);
    assert.equal(code, 0);
    await gone(envoy, 1_000);
  });

  it('tells an Envoy that hung for a while what it has missed', async () => {
    await one.startMesh();
    const envoy = await one.mesh.envoyPid();
    process.kill(envoy, 'SIGSTOP');
    for (let i = 0; i < 50; i++) await one.mutate(mutationsOfWholeFiles);
    process.kill(envoy, 'SIGCONT');
    await serving();
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
  });

  it('takes Envoy along when it is killed', async (context) => {
    const processes = await descendants(one.mesh.pid);
    assert.equal(processes.length, 2);
    const startedAt = performance.now();
    await one.mesh.end('SIGKILL');
    for (const pid of processes) await gone(pid, 2_000);
    context.diagnostic(`Envoy is gone after ${Math.round(performance.now() - startedAt)} ms`);
    // The system closes what a killed process had open in its own time.
    await until('every socket to be closed', async () => (await openSockets()).length === 0 || undefined);
    await one.startMesh();
    await serving();
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
  });
});
