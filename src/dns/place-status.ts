// How a place of DNS stands, for whoever asks: what is planned for it says what is wrong.

import { placeTitle, type DnsPlace } from './layout.ts';
import type { DnsPlan, DnsTrouble } from './plan.ts';
import { objectKey, objectsOf } from './plan-place.ts';
import type { PlaceStatus } from './status.ts';

/** What is known of a place. */
export interface PlaceKnowledge {
  /** Undefined where it hasn't been read yet. */
  readonly plan: DnsPlan | undefined;
  /** Whether its pods need not be replaced. */
  readonly isStarted: boolean;
  /** What failed last; undefined for nothing. */
  readonly failure: string | undefined;
}

/** Says how it stands. */
export function placeStatus(place: DnsPlace, { plan, isStarted, failure }: PlaceKnowledge): PlaceStatus {
  const isWritten = plan !== undefined && plan.writes.length === 0 && plan.trouble === undefined;
  const isRight = isWritten && (isStarted || !mustStart(plan));
  const common = { title: placeTitle(place), object: holderOf(place, plan), isRight };
  if (plan?.trouble !== undefined) return { ...common, ...told(plan.trouble) };
  return (isWritten && isStarted) || failure === undefined ? common : { ...common, trouble: failure };
}

function holderOf(place: DnsPlace, plan: DnsPlan | undefined): string {
  const [first] = objectsOf(place);
  const holder = plan?.holder ?? first;
  return holder === undefined ? '' : objectKey(holder);
}

/** Whether pods don't know the names before they are replaced. Others are only replaced for it to be soon. */
function mustStart({ restart }: DnsPlan): boolean {
  return restart?.onChange === true;
}

function told({ message: trouble, advice, byHand }: DnsTrouble): Pick<PlaceStatus, 'trouble' | 'advice'> {
  return { trouble, advice: byHand === undefined ? advice : `${advice}:\n${byHand}` };
}
