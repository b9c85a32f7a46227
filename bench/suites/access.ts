// Access control in a mesh of many rules: from a pod or a rule that changes to its effect in Envoy, what is sent for
// it, and what it takes of memory.

import { setTimeout as pause } from 'node:timers/promises';

import { put, take } from '../../test/kit/objects.ts';
import type { ObjectChange } from '../../src/model/offer.ts';
import { callerAddresses } from '../kit/addresses.ts';
import { startBackends } from '../kit/backends.ts';
import { distribution, type Distribution } from '../kit/figures.ts';
import { collectGarbage } from '../kit/garbage.ts';
import { GuardedMesh } from '../kit/guarded-mesh.ts';
import { called, callerAt, groupOf, guardedObjects, podsEach, targetOf } from '../kit/guarded-objects.ts';
import type { HeapFigures } from '../kit/moments.ts';
import { now } from '../kit/now.ts';
import { Probe } from '../kit/probe.ts';
import { residentMib } from '../kit/process-figures.ts';
import { machine, progress, report, table } from '../kit/report.ts';

const workers = 2;
/** Any does on a mesh port. */
const host = 'called.store.maesh';

/** A change, and which of the two addresses may call once it is effective. */
interface Step {
  readonly what: string;
  readonly change: ObjectChange;
  readonly allowed: readonly [first: boolean, second: boolean];
}

/** What each round goes through; its end is its beginning. */
function stepsAt(size: number): readonly Step[] {
  const [first, second] = callerAddresses;
  const service = called(size);
  const caller = callerAt(first, size);
  // Without the first of the three, which is the caller's.
  const closed = targetOf(service, size, service + 2);
  return [
    { what: 'a pod comes', change: put(caller), allowed: [true, false] },
    { what: 'it gets another address', change: put(callerAt(second, size)), allowed: [false, true] },
    { what: 'its account is no source any more', change: put(closed), allowed: [false, false] },
    { what: 'it is one again', change: put(targetOf(service, size)), allowed: [false, true] },
    { what: 'the HTTPRouteGroup allows nothing', change: put(groupOf('/nobody')), allowed: [false, false] },
    { what: 'it allows everything again', change: put(groupOf('/.*')), allowed: [false, true] },
    { what: 'the pod goes', change: take(caller), allowed: [false, false] },
  ];
}

interface StepResult {
  readonly what: string;
  readonly effectiveMs: Distribution;
  readonly sentBytes: Distribution;
}

interface AccessResult {
  readonly targets: number;
  readonly pods: number;
  readonly steps: readonly StepResult[];
  /** All that was sent to a new Envoy, in bytes. */
  readonly startBytes: number;
  /** After the changes: this process, which is controller and client, after a garbage collection. */
  readonly heap: HeapFigures;
  readonly envoyMib: { readonly resident: number; readonly allocated: number };
}

/** Measures at every number of TrafficTargets. */
export async function access(options: {
  readonly sizes: readonly number[];
  readonly rounds: number;
}): Promise<void> {
  const on = await machine();
  await using running = new AsyncDisposableStack();
  running.use(await startBackends());
  const results: AccessResult[] = [];
  for (const size of options.sizes) results.push(await atSize(size, options.rounds));
  await report('access', {
    machine: on,
    tables: [timesTable(results), memoryTable(results)],
    figures: results,
  });
}

async function atSize(size: number, rounds: number): Promise<AccessResult> {
  progress(`access: ${size} TrafficTargets`);
  await using mesh = await GuardedMesh.start(guardedObjects(size).map(put), workers);
  const startBytes = mesh.sentBytes;
  const target = mesh.addressOf(`s${called(size)}`);
  const [first, second] = callerAddresses.map((localAddress) => new Probe({ ...target, localAddress }));
  if (first === undefined || second === undefined) throw new Error('There are two callers');
  using probes = new DisposableStack();
  probes.use(first);
  probes.use(second);
  await Promise.all([answers(first, false), answers(second, false)]);
  const all = stepsAt(size).map((step) => ({ step, ms: [] as number[], bytes: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { step, ms, bytes } of all) {
      const before = mesh.sentBytes;
      const at = now();
      mesh.offer([step.change]);
      const [one, two] = step.allowed;
      ms.push(Math.max(...(await Promise.all([answers(first, one), answers(second, two)]))) - at);
      await mesh.settled();
      bytes.push(mesh.sentBytes - before);
      await pause(20 + Math.random() * 40);
    }
  }
  const [{ now: resident }, allocated] = await Promise.all([
    residentMib(await mesh.envoyPid()),
    mesh.envoyAllocatedMib(),
  ]);
  const steps = all.map(({ step: { what }, ms, bytes }) => ({
    what,
    effectiveMs: distribution(ms),
    sentBytes: distribution(bytes),
  }));
  const envoyMib = { resident, allocated };
  return { targets: size, pods: size * podsEach, steps, startBytes, heap: collectGarbage(), envoyMib };
}

/** When both workers let the caller in, or both keep it out. */
function answers(probe: Probe, isAllowed: boolean): Promise<number> {
  const isExpected = (status: number): boolean => status === (isAllowed ? 200 : 403);
  return probe.until(
    host,
    ({ status }) => isExpected(status),
    ({ status }) => status === 200 || status === 403,
  );
}

function timesTable(results: readonly AccessResult[]): string {
  const rows = results.flatMap(({ targets, steps }) =>
    steps.map(({ what, effectiveMs, sentBytes }) => [
      `${targets}: ${what}`,
      effectiveMs.count,
      effectiveMs.p50,
      effectiveMs.p95,
      effectiveMs.max,
      sentBytes.p50 / 1024,
      sentBytes.max / 1024,
    ]),
  );
  return table(
    ['TrafficTargets: change', 'count', 'p50 ms', 'p95 ms', 'max ms', 'sent p50 KiB', 'max'],
    rows,
  );
}

function memoryTable(results: readonly AccessResult[]): string {
  const rows = results.map(({ targets, pods, startBytes, heap, envoyMib }) => [
    `${targets} and ${pods}`,
    startBytes / 2 ** 20,
    heap.heapUsed / 2 ** 20,
    heap.external / 2 ** 20,
    heap.rss / 2 ** 20,
    envoyMib.resident,
    envoyMib.allocated,
  ]);
  const head = ['MiB, by TrafficTargets and pods', 'sent to a new Envoy'];
  return table([...head, 'heap after GC', 'buffers', 'RSS', 'Envoy RSS', 'Envoy allocated'], rows);
}
