// What the benchmark of the controller finds out, and how it is shown.

import type { ClusterSize } from './cluster-world.ts';
import { controllerStages } from './controller-stages.ts';
import { medianStart, type InstallFigures, type StartFigures } from './controller-start.ts';
import type { Distribution } from './figures.ts';
import type { HeapFigures } from './moments.ts';
import { table } from './report.ts';

/** Under this name all kinds of change are taken together. */
export const allChanges = 'all changes';

/** A time in which endpoints changed. */
export interface ChurnFigures {
  readonly clients: number;
  /** Changes a second that were written in fact. */
  readonly perSecond: number;
  /** Changes whose service was still being followed, and so were not made. */
  readonly leftOut: number;
  /** From the request that changes an object to the effect in the real Envoy, by kind of change. */
  readonly totalMs: Readonly<Record<string, Distribution>>;
  readonly stagesMs: Readonly<Record<string, Distribution>>;
  /** Processor time of the controller, in seconds a second. */
  readonly cpu: number;
  readonly beforeMib: number;
  readonly afterMib: number;
  /** Since the process was started. */
  readonly peakMib: number;
  /** Load of the machine in the minute at the end. */
  readonly load: number;
}

/** Everything of a cluster of one size. */
export interface SizeFigures extends ClusterSize {
  readonly fillSeconds: number;
  readonly install: InstallFigures;
  readonly starts: readonly StartFigures[];
  readonly restarts: readonly StartFigures[];
  readonly churns: readonly ChurnFigures[];
  /** After the changes, without the clients. */
  readonly heap: HeapFigures;
  readonly crowd: { readonly connectMs: number; readonly restart: StartFigures } | undefined;
}

type Cells = readonly (string | number | undefined)[];

/** The starts. */
export function startTable(results: readonly SizeFigures[]): string {
  const row = (title: string, start: StartFigures): Cells => {
    const { programLoaded, listed, published, current, cpuSeconds, peakMib } = start;
    return [title, programLoaded, listed, published, current, cpuSeconds, peakMib];
  };
  const rows = results.flatMap((result): readonly Cells[] => {
    const title = titleOf(result);
    const { shadowsMs, cpuSeconds, peakMib } = result.install;
    return [
      [`${title}: every shadow Service written`, ...Array<undefined>(3), shadowsMs, cpuSeconds, peakMib],
      row(`${title}: with a new Envoy`, medianStart(result.starts)),
      row(`${title}: with an Envoy that has everything`, medianStart(result.restarts)),
      ...(result.crowd === undefined ? [] : [row(`${title}: with the clients too`, result.crowd.restart)]),
    ];
  });
  const times = ['program loaded', 'listed', 'published', 'all current'];
  return `Start, ms since then, medians\n\n${table(['', ...times, 'CPU s', 'peak MiB'], rows)}`;
}

/** Changes until they are effective. */
export function churnTable(results: readonly SizeFigures[]): string {
  const rows = results.flatMap((result) =>
    result.churns.flatMap(({ clients, totalMs }) =>
      Object.entries(totalMs).map(([kind, { count, p50, p95, p99, max }]): Cells => {
        return [`${titleOf(result)}, ${clients} clients: ${kind}`, String(count), p50, p95, p99, max];
      }),
    ),
  );
  const head = ['', 'changes', 'p50', 'p95', 'p99', 'max'];
  return `Change in the API server → effective in the real Envoy, ms\n\n${table(head, rows)}`;
}

/** What the changes cost. */
export function costTable(results: readonly SizeFigures[]): string {
  const rows = results.flatMap((result) =>
    result.churns.map((churn): Cells => {
      const { clients, perSecond, cpu, beforeMib, afterMib, peakMib, load } = churn;
      return [`${titleOf(result)}, ${clients} clients`, perSecond, cpu, beforeMib, afterMib, peakMib, load];
    }),
  );
  const head = ['', 'changes/s', 'CPU s/s', 'RSS before', 'after', 'peak', 'load'];
  return `The controller while endpoints change, MiB\n\n${table(head, rows)}`;
}

/** The stages of a change. */
export function stagesTable(results: readonly SizeFigures[]): string {
  const churns = results.flatMap((result) =>
    result.churns.map(({ clients, stagesMs }) => ({ title: `${titleOf(result)}, ${clients}`, stagesMs })),
  );
  const rows = controllerStages.map((stage): Cells => {
    return [stage, ...churns.flatMap(({ stagesMs }) => [stagesMs[stage]?.p50, stagesMs[stage]?.p99])];
  });
  const head = churns.flatMap(({ title }) => [`${title}: p50`, 'p99']);
  return `Stages, ms (p99 of each by itself: they don't add up)\n\n${table(['', ...head], rows)}`;
}

function titleOf({ services, endpointsEach }: ClusterSize): string {
  return `${services}×${endpointsEach}`;
}
