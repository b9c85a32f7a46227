// From a change in the folder to its effect in Envoy: how long it takes, and in which stage.

import { setTimeout as pause } from 'node:timers/promises';

import { backendAddresses } from '../kit/addresses.ts';
import { startBackends } from '../kit/backends.ts';
import { distribution, type Distribution } from '../kit/figures.ts';
import { Maesh } from '../kit/maesh.ts';
import type { ServiceManifest } from '../kit/manifests.ts';
import { Probe, type ProbeAnswer } from '../kit/probe.ts';
import { machine, progress, report, table } from '../kit/report.ts';
import { stages, stageTimes, type StageTimes } from '../kit/stages.ts';
import { workersFor } from '../kit/workers.ts';
import { World, type Layout } from '../kit/world.ts';

/** What is measured. */
export interface ChangesOptions {
  /** Numbers of services. */
  readonly sizes: readonly number[];
  readonly layout: Layout;
  /** Changes of endpoints at each size; a fifth as many services are added and deleted. */
  readonly count: number;
}

/** A kind of change, with what its service answers from then on. */
interface ChangeKind {
  readonly name: string;
  /** Addresses of the service's endpoints afterwards; undefined: its file is deleted. */
  readonly addresses: readonly string[] | undefined;
  readonly isEffective: (answer: ProbeAnswer) => boolean;
}

const [first, second] = [backendAddresses(0), backendAddresses(1)];
const answersFrom =
  (addresses: readonly string[]) =>
  ({ status, body }: ProbeAnswer): boolean =>
    status === 200 && addresses.includes(body);
const fails = ({ status }: ProbeAnswer): boolean => status === 503;

/** In this order every service begins and ends with the first ten endpoints. */
const endpointChanges: readonly ChangeKind[] = [
  { name: 'ten endpoints swapped', addresses: second, isEffective: answersFrom(second) },
  { name: 'ten endpoints removed', addresses: [], isEffective: fails },
  { name: 'ten endpoints added', addresses: first, isEffective: answersFrom(first) },
];

const serviceChanges: readonly ChangeKind[] = [
  { name: 'service added (a new file)', addresses: first, isEffective: answersFrom(first) },
  {
    name: 'service deleted (its file)',
    addresses: undefined,
    isEffective: ({ status }) => status === 404 || status === 503,
  },
];

/** One change, in milliseconds. */
interface Sample {
  readonly kind: string;
  readonly ms: number;
  readonly stages: StageTimes;
}

/** Measures at every size, one after the other. */
export async function changes(options: ChangesOptions): Promise<void> {
  const on = await machine();
  await using running = new AsyncDisposableStack();
  running.use(await startBackends());
  const results = [];
  for (const size of options.sizes) {
    const samples = await atSize(size, options);
    results.push({ services: size, workers: await workersFor(size), samples });
  }
  await report(options.layout === 'one-file' ? 'changes-one-file' : 'changes', {
    machine: on,
    tables: [totalsTable(results), stagesTable(results)],
    figures: results.map(({ samples, ...rest }) => ({ ...rest, kinds: byKind(samples) })),
  });
}

async function atSize(size: number, { layout, count }: ChangesOptions): Promise<readonly Sample[]> {
  progress(`changes: writing ${size} services (${layout}) and starting a mesh`);
  await using world = await World.create(size, layout);
  await using maesh = await Maesh.start(world, { concurrency: await workersFor(size) });
  using probe = new Probe(maesh.http);
  const samples: Sample[] = [];
  const change = async (service: ServiceManifest, kind: ChangeKind): Promise<void> => {
    samples.push(await changeOnce({ world, maesh, probe, service, kind }));
  };
  await warmUp(world, probe);
  progress(`changes: ${count} changes of endpoints at ${size} services`);
  for (let n = 0; n < count; n++) {
    const service = world.probed[Math.floor(n / endpointChanges.length) % world.probed.length];
    const kind = endpointChanges[n % endpointChanges.length];
    if (service !== undefined && kind !== undefined) await change(service, kind);
  }
  const services = Math.ceil(count / 5);
  progress(`changes: ${services} services added and deleted at ${size} services`);
  for (let n = 0; n < services; n++) {
    const service = { namespace: `team-${n % 10}`, name: `new-${n}`, addresses: first };
    for (const kind of serviceChanges) await change(service, kind);
  }
  return samples;
}

/** The first request of all loads code, opens connections and resolves names. */
async function warmUp({ probed }: World, probe: Probe): Promise<void> {
  for (const service of probed) await probe.until(hostOf(service), answersFrom(first), fails);
}

async function changeOnce(context: {
  readonly world: World;
  readonly maesh: Maesh;
  readonly probe: Probe;
  readonly service: ServiceManifest;
  readonly kind: ChangeKind;
}): Promise<Sample> {
  const { world, maesh, probe, service, kind } = context;
  // Changes of users have no rhythm; one that fell in step with the controller's timers would show only one case.
  await pause(20 + Math.random() * 40);
  await maesh.takeMoments();
  const at =
    kind.addresses === undefined
      ? await world.delete(service)
      : await world.put({ ...service, addresses: kind.addresses });
  const effective = await probe.until(hostOf(service), kind.isEffective, isNoFailure);
  // What follows the effect, such as the acknowledgement, may still be on its way.
  await pause(10);
  return {
    kind: kind.name,
    ms: effective - at,
    stages: stageTimes({ at, effective, moments: await maesh.takeMoments() }),
  };
}

/** What a service may answer before a change is effective: anything but an answer of the mesh's own making that is wrong. */
function isNoFailure({ status }: ProbeAnswer): boolean {
  return status === 200 || status === 404 || status === 503;
}

function hostOf({ namespace, name }: ServiceManifest): string {
  return `${name}.${namespace}.maesh`;
}

interface SizeResult {
  readonly services: number;
  readonly workers: number;
  readonly samples: readonly Sample[];
}

function byKind(samples: readonly Sample[]): object[] {
  return [...Map.groupBy(samples, ({ kind }) => kind)].map(([kind, of]) => ({
    kind,
    totalMs: distribution(of.map(({ ms }) => ms)),
    stagesMs: Object.fromEntries(stages.map((stage) => [stage, stageDistribution(of, stage)])),
  }));
}

function stageDistribution(samples: readonly Sample[], stage: (typeof stages)[number]): Distribution {
  return distribution(samples.flatMap((sample) => sample.stages[stage] ?? []));
}

function totalsTable(results: readonly SizeResult[]): string {
  const rows = results.flatMap(({ services, samples }) => {
    const kinds = Map.groupBy(samples, ({ kind }) => kind);
    const endpoints = samples.filter(({ kind }) => endpointChanges.some(({ name }) => name === kind));
    const all: readonly (readonly [string, readonly Sample[]])[] = [
      ['all changes of endpoints', endpoints],
      ...kinds,
    ];
    return all.map(([kind, of]) => {
      const { count, p50, p95, p99, max } = distribution(of.map(({ ms }) => ms));
      return [`${services} services: ${kind}`, String(count), p50, p95, p99, max];
    });
  });
  return `Change → effective, ms\n\n${table(['', 'changes', 'p50', 'p95', 'p99', 'max'], rows)}`;
}

function stagesTable(results: readonly SizeResult[]): string {
  const rows = stages.map((stage) => [
    stage,
    ...results.flatMap(({ samples }) => {
      const endpoints = samples.filter(({ kind }) => endpointChanges.some(({ name }) => name === kind));
      const { p50, p99 } = stageDistribution(endpoints, stage);
      return [p50, p99];
    }),
  ]);
  const head = results.flatMap(({ services }) => [`${services}: p50`, 'p99']);
  return `Stages of changes of endpoints, ms (p99 of each by itself: they don't add up)\n\n${table(['', ...head], rows)}`;
}
