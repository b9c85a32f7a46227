// From the moments of one change to the time that it spent in each stage.

import type { Moment, MomentName } from './moments.ts';

/** The stages, in order. All but the last follow one another, and together they are the whole. */
export const stages = [
  'notice: file moved → kernel tells',
  'gather: wait for quiet',
  'read and parse',
  'hold off: wait for more',
  'model',
  'translate (and record)',
  'publish → written to the stream',
  'Envoy: written → effective',
  '(Envoy: written → ACK here)',
] as const;

/** Milliseconds in each stage; one that can't be told is left out. */
export type StageTimes = Readonly<Partial<Record<(typeof stages)[number], number>>>;

/** Finds the stages of a change that began `at` and was `effective`, in what has happened since. */
export function stageTimes(change: {
  readonly at: number;
  readonly effective: number;
  readonly moments: readonly Moment[];
}): StageTimes {
  const { at, effective } = change;
  const moments = change.moments.filter((moment) => moment.at >= at);
  const after = (name: MomentName, from: number | undefined): number | undefined =>
    from === undefined ? undefined : moments.find((moment) => moment.name === name && moment.at >= from)?.at;
  const offered = after('offered', at);
  const looking = moments.findLast(
    (moment) => moment.name === 'looking' && offered !== undefined && moment.at <= offered,
  )?.at;
  const noticed = after('noticed', at);
  const building = after('building', offered);
  const built = after('built', building);
  const publishing = after('publishing', built);
  // Of several messages the last before the effect had it.
  const pushed = moments.findLast(
    (moment) => moment.name === 'pushed' && moment.at >= (publishing ?? Infinity) && moment.at <= effective,
  )?.at;
  const points = [at, noticed, looking, offered, building, built, publishing, pushed, effective];
  const times: Partial<Record<(typeof stages)[number], number>> = {};
  for (const [index, stage] of stages.entries()) {
    const [from, to] =
      index < points.length - 1
        ? [points[index], points[index + 1]]
        : [pushed, after('acknowledged', pushed)];
    if (from !== undefined && to !== undefined) times[stage] = to - from;
  }
  return times;
}
