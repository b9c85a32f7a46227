// The controller of a cluster's mesh against a real etcd and API server: its start, its memory and processor time, and
// from a change of endpoints in the API server to its effect in a real Envoy, alone and among many clients of xDS.

import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { churn } from '../kit/churn.ts';
import { ClusterWorld, type ClusterSize } from '../kit/cluster-world.ts';
import { Controller, givenFor, startRealEnvoy } from '../kit/controller.ts';
import type { ControllerGiven } from '../kit/controller-main.ts';
import { controllerStages, controllerStageTimes } from '../kit/controller-stages.ts';
import { install, startFigures, startWithNewEnvoy, type StartFigures } from '../kit/controller-start.ts';
import {
  allChanges,
  churnTable,
  costTable,
  stagesTable,
  startTable,
  type ChurnFigures,
  type SizeFigures,
} from '../kit/controller-figures.ts';
import { startCrowd } from '../kit/crowd.ts';
import { distribution, type Distribution } from '../kit/figures.ts';
import { now } from '../kit/now.ts';
import { cpuSeconds, residentMib } from '../kit/process-figures.ts';
import { machine, progress, report } from '../kit/report.ts';

/** What is measured. */
export interface ControllerSuiteOptions {
  readonly sizes: readonly ClusterSize[];
  /** Changes of endpoints. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Clients of xDS besides the real Envoy; 0: that part is left out. */
  readonly clients: number;
  /** Starts with a new Envoy, and as many with one that has everything. */
  readonly rounds: number;
}

/** How long a controller is left alone before its memory is looked at. */
const restMs = 3000;

/** Measures at every size. What has been found out is reported as it comes, since a run takes a quarter of an hour. */
export async function controller(options: ControllerSuiteOptions): Promise<void> {
  const on = await machine();
  const results: SizeFigures[] = [];
  for (const size of options.sizes) {
    const found = async (figures: SizeFigures): Promise<void> => {
      const all = [...results, figures];
      await report('controller', {
        machine: on,
        tables: [startTable(all), churnTable(all), stagesTable(all), costTable(all)],
        figures: all,
      });
    };
    results.push(await atSize(size, { ...options, found }));
  }
}

async function atSize(
  size: ClusterSize,
  options: ControllerSuiteOptions & { readonly found: (figures: SizeFigures) => Promise<void> },
): Promise<SizeFigures> {
  progress(`controller: filling a cluster with ${size.services} services of ${size.endpointsEach} endpoints`);
  const begun = now();
  await using world = await ClusterWorld.create(size);
  const fillSeconds = (now() - begun) / 1000;
  const given = await givenFor(world.plane.kubeconfig);
  progress('controller: without any shadow Service');
  const installed = await install(given, size.services);
  const starts: StartFigures[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`controller: with a new Envoy, ${round + 1} of ${options.rounds}`);
    starts.push(await startWithNewEnvoy(given));
  }
  await using stack = new AsyncDisposableStack();
  const controllers = new Controllers(given);
  stack.use(controllers);
  const first = controllers.startAnother();
  const envoy = startRealEnvoy(given);
  await first;
  stack.use(await envoy);
  const restarts: StartFigures[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`controller: again, ${round + 1} of ${options.rounds}`);
    await controllers.startAnother();
    restarts.push(await startFigures(controllers.newest, 1));
  }
  progress(`controller: ${options.perSecond} changes a second for ${options.seconds} s`);
  const alone = await churnFigures({ world, controllers, options, clients: 0 });
  const heap = await controllers.newest.collect();
  const figures: SizeFigures = {
    ...size,
    fillSeconds,
    install: installed,
    starts,
    restarts,
    heap,
    churns: [alone],
    crowd: undefined,
  };
  await options.found(figures);
  if (options.clients === 0) return figures;
  const among = await amongCrowd({ world, controllers, given, options });
  const whole = { ...figures, churns: [alone, among.churn], crowd: among.crowd };
  await options.found(whole);
  return whole;
}

/** Controllers of one cluster, one after the other. */
class Controllers implements AsyncDisposable {
  readonly #given: ControllerGiven;
  #newest: Controller | undefined;

  constructor(given: ControllerGiven) {
    this.#given = given;
  }

  get newest(): Controller {
    if (this.#newest === undefined) throw new Error('No controller has been started');
    return this.#newest;
  }

  /** Ends the one that runs and starts another; the time counts from there. */
  async startAnother(): Promise<void> {
    await this.#newest?.[Symbol.asyncDispose]();
    this.#newest = new Controller(this.#given);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#newest?.[Symbol.asyncDispose]();
  }
}

interface Context {
  readonly world: ClusterWorld;
  readonly controllers: Controllers;
  readonly options: ControllerSuiteOptions;
}

async function churnFigures({
  clients,
  ...context
}: Context & { readonly clients: number }): Promise<ChurnFigures> {
  const { world, options } = context;
  const { newest } = context.controllers;
  await newest.current(clients + 1);
  await pause(restMs);
  const meshPorts = await world.meshPorts();
  const before = await residentMib(newest.pid);
  const cpuBefore = await cpuSeconds(newest.pid);
  const startedAt = now();
  await newest.forget();
  const { measured, perSecond, leftOut } = await newest.watched(() => churn(world, meshPorts, options));
  const cpu = ((await cpuSeconds(newest.pid)) - cpuBefore) / ((now() - startedAt) / 1000);
  await pause(restMs);
  const after = await residentMib(newest.pid);
  const moments = await newest.moments();
  const times = measured.map((change) => controllerStageTimes(change, moments));
  const total = (changes: typeof measured): Distribution =>
    distribution(changes.map(({ sentAt, effectiveAt }) => effectiveAt - sentAt));
  return {
    clients,
    perSecond,
    leftOut,
    totalMs: {
      [allChanges]: total(measured),
      ...Object.fromEntries(
        [...Map.groupBy(measured, ({ kind }) => kind)].map(([kind, of]) => [kind, total(of)]),
      ),
    },
    stagesMs: Object.fromEntries(
      controllerStages.map((stage) => [stage, distribution(times.flatMap((each) => each[stage] ?? []))]),
    ),
    cpu,
    beforeMib: before.now,
    afterMib: after.now,
    peakMib: after.peak,
    load: loadavg()[0] ?? Number.NaN,
  };
}

/** The same with many more proxies, which are none: first they connect, then endpoints change, then the controller is another. */
async function amongCrowd(
  context: Context & { readonly given: ControllerGiven },
): Promise<{ readonly churn: ChurnFigures; readonly crowd: SizeFigures['crowd'] }> {
  const { controllers, given, options } = context;
  const { clients } = options;
  progress(`controller: ${clients} clients connect`);
  const begun = now();
  await using stack = new AsyncDisposableStack();
  stack.use(startCrowd(given.xdsPort, clients));
  const connectMs = (await controllers.newest.current(clients + 1)) - begun;
  progress(`controller: ${options.perSecond} changes a second for ${options.seconds} s, ${clients} clients`);
  const churned = await churnFigures({ ...context, clients });
  progress(`controller: again, with ${clients} clients that have everything`);
  await controllers.startAnother();
  const restart = await startFigures(controllers.newest, clients + 1);
  return { churn: churned, crowd: { connectMs, restart } };
}
