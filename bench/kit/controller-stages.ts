// From what has happened in a controller to the time that one change of endpoints spent in each stage, while other
// changes are on their way too.

import { servicePort } from './addresses.ts';
import { sliceName, type ServiceGiven } from './cluster-objects.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import type { Moment, MomentName } from './moments.ts';

/** The stages, in order. Those without parentheses follow one another, and together they are the whole. */
export const controllerStages = [
  'write sent → its event is here',
  'read: event → offered',
  'hold off: wait for more',
  'model',
  'translate (and say what is wanted)',
  'publish → written to the stream',
  'Envoy: written → effective',
  '(write sent → answered)',
  '(Envoy: written → ACK here)',
  '(published → every proxy has it)',
] as const;

type Stage = (typeof controllerStages)[number];

/** Milliseconds in each stage; one that can't be told is left out. */
export type ControllerStageTimes = Readonly<Partial<Record<Stage, number>>>;

/** A change of endpoints that was measured. */
export interface MeasuredChange {
  readonly service: Pick<ServiceGiven, 'namespace' | 'name'>;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly effectiveAt: number;
}

/** Finds the stages of a change among everything that has happened, in order. */
export function controllerStageTimes(
  change: MeasuredChange,
  moments: readonly Moment[],
): ControllerStageTimes {
  const { service, sentAt, answeredAt, effectiveAt } = change;
  const first = (name: MomentName, from: number | undefined, about?: string): number | undefined => {
    if (from === undefined) return undefined;
    const index = firstAt(moments, from);
    return moments
      .slice(index, index + mostLookedAt)
      .find(
        (moment) => moment.name === name && (about === undefined || moment.about?.includes(about) === true),
      )?.at;
  };
  const key = `${service.namespace}/${sliceName(service)}`;
  const offered = first('offered', sentAt, key);
  const received = lastBefore(moments, 'received', offered);
  const building = first('building', offered);
  const built = first('built', building);
  const publishing = first('publishing', built);
  const pushed = first('pushed', publishing, `${service.namespace}/${service.name}/${servicePort}`);
  const points = [sentAt, received, offered, building, built, publishing, pushed, effectiveAt];
  const times: Partial<Record<Stage, number>> = {};
  const put = (stage: Stage | undefined, from: number | undefined, to: number | undefined): void => {
    if (stage !== undefined && from !== undefined && to !== undefined) times[stage] = to - from;
  };
  for (let index = 0; index + 1 < points.length; index++)
    put(controllerStages[index], points[index], points[index + 1]);
  put('(write sent → answered)', sentAt, answeredAt);
  put('(Envoy: written → ACK here)', pushed, first('acknowledged', pushed, typeUrls.endpoints));
  put('(published → every proxy has it)', publishing, first('settled', pushed));
  return times;
}

/** More moments than pass while a change is under way. */
const mostLookedAt = 20_000;

/** Index of the first moment that is not before a time. */
function firstAt(moments: readonly Moment[], time: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle]?.at ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastBefore(
  moments: readonly Moment[],
  name: MomentName,
  time: number | undefined,
): number | undefined {
  if (time === undefined) return undefined;
  for (let index = firstAt(moments, time); index >= 0; index--) {
    const moment = moments[index];
    if (moment?.name === name && moment.at <= time) return moment.at;
  }
  return undefined;
}
