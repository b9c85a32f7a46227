// How a place of DNS stands, for whoever asks: what is planned for it says what is wrong.

import { placeTitle, type DnsPlace } from './layout.ts';
import type { DnsPlan } from './plan.ts';
import { objectKey, objectsOf } from './plan-place.ts';
import type { PlaceStatus } from './status.ts';

/** What is known of a place. */
export interface PlaceKnowledge {
  /** Undefined where it hasn't been read yet. */
  readonly plan: DnsPlan | undefined;
  /** What failed last; undefined for nothing. */
  readonly failure: string | undefined;
}

/** Says how it stands. */
export function placeStatus(place: DnsPlace, { plan, failure }: PlaceKnowledge): PlaceStatus {
  const [first] = objectsOf(place);
  const holder = plan?.holder ?? first;
  const isRight = plan !== undefined && plan.writes.length === 0 && plan.trouble === undefined;
  const common = { title: placeTitle(place), object: holder === undefined ? '' : objectKey(holder), isRight };
  if (plan?.trouble !== undefined) {
    const { message: trouble, advice, byHand } = plan.trouble;
    return { ...common, trouble, advice: byHand === undefined ? advice : `${advice}:\n${byHand}` };
  }
  return isRight || failure === undefined ? common : { ...common, trouble: failure };
}
