// kill -9 of the controller while Envoy goes on: nobody notices, nothing moves, and nothing is sent again that Envoy holds.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AllocationFile } from '../../src/control/allocation-file.ts';
import { typeUrls, type Resources } from '../../src/translate/resources.ts';
import { ExternalEnvoy } from '../kit/external-envoy.ts';
import { freePort } from '../kit/free-port.ts';
import { fromScratch } from '../kit/from-scratch.ts';
import { checkpoint } from '../kit/mutations/checkpoint.ts';
import { MeshUnderChange } from '../kit/mutations/mesh-under-change.ts';
import { mutationsOfWholeFiles } from '../kit/mutations/mutation-table.ts';
import { homesOf } from '../kit/mutations/run.ts';
import { RecordLog } from '../kit/record-log.ts';
import { until } from '../kit/until.ts';

const kills = 20;

/** What Envoy counts each time that it is told something. */
const updateCounters = [
  'cluster_manager.cluster_added',
  'cluster_manager.cluster_modified',
  'cluster_manager.cluster_removed',
  'cluster_manager.cds.update_success',
  'listener_manager.listener_added',
  'listener_manager.listener_modified',
  'listener_manager.listener_removed',
  'listener_manager.listener_in_place_updated',
  'listener_manager.lds.update_success',
];

type TypeName = keyof typeof typeUrls;
const types = Object.keys(typeUrls) as TypeName[];

describe('a mesh whose controller is killed', () => {
  const running = new AsyncDisposableStack();
  let one: MeshUnderChange;
  let envoy: ExternalEnvoy;
  let homes: ReadonlyMap<string, string>;

  before(async () => {
    const ports = {
      http: await freePort('127.0.0.1'),
      dns: await freePort('127.0.0.1'),
      api: await freePort('127.0.0.1'),
      xds: await freePort('127.0.0.1'),
    };
    one = running.use(
      await MeshUnderChange.create({
        seed: 1,
        addressRange: '127.98.0.0/16',
        backendNet: '127.89.4',
        // Envoy goes on with what it has while the controller is away.
        lagMs: 60_000,
        call: { ports, flags: ['--envoy', 'external'] },
      }),
    );
    await one.startMesh();
    envoy = running.use(await ExternalEnvoy.start(ports.xds));
    one.externalAdmin = envoy.admin;
    assert.deepEqual(await checkpoint(one), []);
    homes = homesOf(await one.mesh.topology());
    await one.startTraffic(['stable', 'lasting']);
  });
  after(() => running.disposeAsync());

  async function wanted(): Promise<Resources> {
    const { folder, stateDir, addressRange, doors } = one;
    const mesh = { dirs: [folder], stateDir, addressRange, httpPort: doors.http.port };
    return (await fromScratch(mesh)).resources;
  }

  async function counters(): Promise<ReadonlyMap<string, number>> {
    const stats = await envoy.stats();
    return new Map(updateCounters.map((name) => [name, stats.get(name) ?? 0]));
  }

  /** Waits until Envoy has connected to the new controller and has acknowledged whatever it was sent. */
  async function reconnected(): Promise<void> {
    assert.deepEqual(await checkpoint(one), []);
  }

  /** What the controller that runs has sent, by type. */
  async function sent(): Promise<Readonly<Record<TypeName, readonly [set: number, removed: number]>>> {
    const metrics = await one.mesh.metrics();
    const of = (type: TypeName, change: string): number =>
      metrics.sum('maesh_xds_pushed_resources_total', { type, change });
    const entries = types.map((type) => [type, [of(type, 'set'), of(type, 'removed')]] as const);
    return Object.fromEntries(entries) as Awaited<ReturnType<typeof sent>>;
  }

  async function allRequestsGood(): Promise<void> {
    for (const load of one.loads) await load.moreOfEach(2);
    assert.deepEqual(one.failures, []);
  }

  it('fails no request while the controller is away, and is sent nothing when it is back', async (context) => {
    const before = await counters();
    assert.ok((before.get('cluster_manager.cluster_added') ?? 0) > 10, 'Envoy counts what the test looks at');
    await one.mesh.end('SIGKILL');
    await allRequestsGood();
    const startedAt = performance.now();
    await one.startMesh();
    await reconnected();
    context.diagnostic(
      `Envoy is back with its controller ${Math.round(performance.now() - startedAt)} ms after its start`,
    );
    assert.deepEqual(await sent(), Object.fromEntries(types.map((type) => [type, [0, 0]])));
    assert.equal((await one.mesh.metrics()).sum('maesh_xds_pushes_total'), 0);
    assert.deepEqual(await counters(), before);
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
    await allRequestsGood();
  });

  it('is sent what has changed while the controller was away, and only that', async () => {
    const before = await wanted();
    await one.mesh.end('SIGKILL');
    for (let i = 0; i < 30; i++) await one.mutate(mutationsOfWholeFiles);
    await allRequestsGood();
    await one.startMesh();
    await reconnected();
    const now = await wanted();
    const changed = types.map((type) => {
      const [from, to] = [before[typeUrls[type]], now[typeUrls[type]]];
      const set = [...to].filter(([name, { version }]) => from.get(name)?.version !== version).length;
      // Envoy gives up the endpoints of clusters and the routes of listeners by itself.
      const removed = ['endpoints', 'routes'].includes(type)
        ? 0
        : [...from.keys()].filter((name) => !to.has(name)).length;
      return [type, [set, removed]];
    });
    assert.deepEqual(await sent(), Object.fromEntries(changed));
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
    await allRequestsGood();
  });

  it(`keeps its table whole and its ports where they are, killed ${kills} times in a storm of changes`, async () => {
    const table = join(one.stateDir, 'allocation.json');
    for (let kill = 0; kill < kills; kill++) {
      for (let i = one.random.below(12); i >= 0; i--) await one.mutate(mutationsOfWholeFiles);
      const ended = one.mesh.end('SIGKILL');
      for (let i = one.random.below(3); i >= 0; i--) await one.mutate(mutationsOfWholeFiles);
      await ended;
      const log = new RecordLog();
      new AllocationFile(table, log).load();
      assert.deepEqual([log.lines, existsSync(`${table}.broken`)], [[], false], `after kill ${kill}`);
      await one.startMesh();
      // The other times it is killed before Envoy has found it again.
      if (kill % 4 === 0) await until('Envoy to connect', isConnected);
    }
    await reconnected();
    assert.deepEqual(homesOf(await one.mesh.topology()), homes);
    await allRequestsGood();
  });

  async function isConnected(): Promise<true | undefined> {
    return (await one.mesh.metrics()).sum('maesh_connected_proxies') > 0 || undefined;
  }
});
