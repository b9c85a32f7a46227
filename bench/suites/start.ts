// From the start of the process to the first proxied request, with what happens in between.

import { setTimeout as pause } from 'node:timers/promises';

import { startBackends } from '../kit/backends.ts';
import { median } from '../kit/figures.ts';
import { Maesh } from '../kit/maesh.ts';
import type { Moment, MomentName } from '../kit/moments.ts';
import { now } from '../kit/now.ts';
import { Probe } from '../kit/probe.ts';
import { machine, progress, report, table } from '../kit/report.ts';
import { workersFor } from '../kit/workers.ts';
import { World } from '../kit/world.ts';

/** What a start comes by, in order; the times are since the process was started. */
const milestones = [
  'Node runs the program',
  'program loaded',
  'manifests read',
  'first publish',
  'Envoy connected',
  'first 200 by Host',
  'everything acknowledged',
] as const;

type Milestones = Readonly<Record<(typeof milestones)[number], number>>;

interface StartResult {
  readonly services: number;
  readonly workers: number;
  readonly runs: readonly Milestones[];
}

/** Measures at every size. */
export async function start(options: {
  readonly sizes: readonly number[];
  readonly rounds: number;
}): Promise<void> {
  const on = await machine();
  await using running = new AsyncDisposableStack();
  running.use(await startBackends());
  const results: StartResult[] = [];
  for (const size of options.sizes) {
    await using world = await World.create(size);
    const runs: Milestones[] = [];
    for (let round = 0; round < options.rounds; round++) {
      progress(`start: ${size} services, ${round + 1} of ${options.rounds}`);
      runs.push(await startOnce(world, size));
    }
    results.push({ services: size, workers: await workersFor(size), runs });
  }
  const rows = milestones.map((milestone) => [
    milestone,
    ...results.map(({ runs }) => median(runs.map((run) => run[milestone]))),
  ]);
  const head = ['ms since the start, medians', ...results.map(({ services }) => `${services} services`)];
  await report('start', { machine: on, tables: [table(head, rows)], figures: results });
}

async function startOnce(world: World, size: number): Promise<Milestones> {
  await using maesh = await Maesh.spawn(world, { concurrency: await workersFor(size) });
  const firstAt = await firstAnswer(maesh, world);
  await maesh.ready();
  const readyAt = now();
  const moments = await maesh.takeMoments();
  const first = (name: MomentName): number =>
    moments.find((moment: Moment) => moment.name === name)?.at ?? Number.NaN;
  const times = [
    first('booted'),
    first('looking'),
    first('offered'),
    first('published'),
    maesh.loggedAt('Proxy connected') ?? Number.NaN,
    firstAt,
    readyAt,
  ];
  const since = times.map((at) => at - maesh.startedAt);
  return Object.fromEntries(milestones.map((milestone, index) => [milestone, since[index]])) as Milestones;
}

/** When a probed service answered first. Asked every few milliseconds: nobody listens at the beginning. */
async function firstAnswer(maesh: Maesh, { probed }: World): Promise<number> {
  const [service] = probed;
  if (service === undefined) throw new Error('A world has at least one service');
  using probe = new Probe(maesh.http);
  const deadline = now() + 120_000;
  while (now() < deadline) {
    try {
      const { status } = await probe.ask(`${service.name}.${service.namespace}.maesh`);
      if (status === 200) return now();
    } catch {
      // Not open yet.
    }
    await pause(3);
  }
  throw new Error('The mesh has answered nothing');
}
