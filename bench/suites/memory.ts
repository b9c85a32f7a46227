// Memory of the controller and of Envoy: at rest after the start, and after a thousand changes.

import { setTimeout as pause } from 'node:timers/promises';

import { backendAddresses, silentAddress } from '../kit/addresses.ts';
import { startBackends } from '../kit/backends.ts';
import { Maesh } from '../kit/maesh.ts';
import { nthService } from '../kit/manifests.ts';
import type { HeapFigures } from '../kit/moments.ts';
import { Probe } from '../kit/probe.ts';
import { residentMib } from '../kit/process-figures.ts';
import { machine, progress, report, table } from '../kit/report.ts';
import { workersFor } from '../kit/workers.ts';
import { World } from '../kit/world.ts';

/** What the two processes hold at one moment, in MiB. */
interface Footprint {
  readonly controllerRss: number;
  /** The most that it has been so far. */
  readonly controllerPeak: number;
  readonly envoyRss: number;
  /** What Envoy says that it has allocated (`/memory`). */
  readonly envoyAllocated: number;
}

interface MemoryResult {
  readonly services: number;
  readonly workers: number;
  readonly idle: Footprint;
  readonly changed: Footprint;
  /** After the changes and a full garbage collection, in bytes. */
  readonly heap: HeapFigures;
}

const changeCount = 1000;
/** How long a mesh is left alone before it is looked at. */
const restMs = 3000;

/** Measures at every size. */
export async function memory({ sizes }: { readonly sizes: readonly number[] }): Promise<void> {
  const on = await machine();
  await using running = new AsyncDisposableStack();
  running.use(await startBackends());
  const results: MemoryResult[] = [];
  for (const size of sizes) results.push(await atSize(size));
  const rows = results.map(({ services, idle, changed, heap }) => [
    `${services} services`,
    idle.controllerRss,
    changed.controllerRss,
    changed.controllerPeak,
    heap.heapUsed / 2 ** 20,
    heap.external / 2 ** 20,
    idle.envoyRss,
    changed.envoyRss,
    changed.envoyAllocated,
  ]);
  const head = [
    'MiB',
    'controller RSS, idle',
    `after ${changeCount} changes`,
    'peak',
    'heap after GC',
    'buffers',
    'Envoy RSS, idle',
    `after ${changeCount} changes`,
    'Envoy allocated',
  ];
  await report('memory', { machine: on, tables: [table(head, rows)], figures: results });
}

async function atSize(size: number): Promise<MemoryResult> {
  progress(`memory: ${size} services at rest`);
  const workers = await workersFor(size);
  await using world = await World.create(size);
  await using maesh = await Maesh.start(world, { concurrency: workers });
  await pause(restMs);
  const idle = await footprint(maesh);
  progress(`memory: ${changeCount} changes at ${size} services`);
  using probe = new Probe(maesh.http);
  for (let n = 0; n < changeCount; n++) {
    const service = nthService((n * 7) % size);
    if (world.probed.some(({ name }) => name === service.name)) continue;
    await world.put({
      ...service,
      addresses: [...service.addresses.slice(1), silentAddress(60_000 + (n % 4000))],
    });
    // As quickly as a script would write them: some are taken up together.
    await pause(5);
  }
  await takenUp(world, probe);
  await pause(restMs);
  const changed = await footprint(maesh);
  return { services: size, workers, idle, changed, heap: await maesh.collect() };
}

/** Resolves when every change made before is effective: one more, of a probed service, is. */
async function takenUp(world: World, probe: Probe): Promise<void> {
  const [service] = world.probed;
  if (service === undefined) return;
  const addresses = backendAddresses(1);
  await world.put({ ...service, addresses });
  const host = `${service.name}.${service.namespace}.maesh`;
  await probe.until(
    host,
    ({ body }) => addresses.includes(body),
    () => true,
  );
}

async function footprint(maesh: Maesh): Promise<Footprint> {
  const envoy = await maesh.envoyPid();
  const [controller, proxy, allocated] = await Promise.all([
    residentMib(maesh.pid),
    residentMib(envoy),
    maesh.envoyAllocatedMib(),
  ]);
  return {
    controllerRss: controller.now,
    controllerPeak: controller.peak,
    envoyRss: proxy.now,
    envoyAllocated: allocated,
  };
}
