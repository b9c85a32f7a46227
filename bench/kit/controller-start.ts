// The start of a controller, with what happens in between.

import { Controller, startRealEnvoy } from './controller.ts';
import type { ControllerGiven } from './controller-main.ts';
import { median } from './figures.ts';
import { cpuSeconds, residentMib } from './process-figures.ts';

/** What a start comes by, in order, and what it took. Times are milliseconds since the process was started. */
export interface StartFigures {
  readonly programLoaded: number;
  /** Services and endpoints are listed. */
  readonly listed: number;
  /** Proxies are told. */
  readonly published: number;
  /** Every proxy has acknowledged everything. */
  readonly current: number;
  /** Processor time of the controller until then. */
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** The first start of all. */
export interface InstallFigures {
  /** Until there was a shadow Service for each service, in milliseconds since the process was started. */
  readonly shadowsMs: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** A start in a cluster without a shadow Service: until there is one for each service. */
export async function install(given: ControllerGiven, services: number): Promise<InstallFigures> {
  await using controller = new Controller(given);
  const shadowsMs = (await controller.wrote(services)) - controller.startedAt;
  const { peak: peakMib } = await residentMib(controller.pid);
  return { shadowsMs, cpuSeconds: await cpuSeconds(controller.pid), peakMib };
}

/** Starts a controller together with an Envoy that has nothing yet. */
export async function startWithNewEnvoy(given: ControllerGiven): Promise<StartFigures> {
  await using controller = new Controller(given);
  const envoy = startRealEnvoy(given);
  try {
    return await startFigures(controller, 1);
  } finally {
    await (await envoy)[Symbol.asyncDispose]();
  }
}

/** Waits until so many proxies are current, and tells how that went. */
export async function startFigures(controller: Controller, proxies: number): Promise<StartFigures> {
  const current = await controller.current(proxies);
  const since = (at: number | undefined): number => (at ?? Number.NaN) - controller.startedAt;
  return {
    programLoaded: since(controller.logged('Using the API server')?.first),
    listed: since(await controller.first('offered')),
    published: since(await controller.first('published')),
    current: since(current),
    cpuSeconds: await cpuSeconds(controller.pid),
    peakMib: (await residentMib(controller.pid)).peak,
  };
}

/** The middle of each figure. */
export function medianStart(starts: readonly StartFigures[]): StartFigures {
  const of = (figure: keyof StartFigures): number => median(starts.map((start) => start[figure]));
  return {
    programLoaded: of('programLoaded'),
    listed: of('listed'),
    published: of('published'),
    current: of('current'),
    cpuSeconds: of('cpuSeconds'),
    peakMib: of('peakMib'),
  };
}
