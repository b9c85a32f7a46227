// Which proxies serve every mesh port that they were told: a mesh port to which callers are to be sent has to be open.

import type { Rejection } from '../serve/xds/observer.ts';
import type { ConnectedProxy } from '../serve/xds/proxy.ts';
import { typeUrls } from '../translate/resources.ts';

/** What opens a mesh port, and what says who is behind it. */
const opening: ReadonlySet<string> = new Set([typeUrls.listener, typeUrls.routes]);

/**
 * How many proxies have all that they are told, and refuse nothing of what opens mesh ports. That one has acknowledged
 * everything doesn't tell: what it refuses for good, nobody waits for.
 */
export function countServing(
  proxies: readonly Pick<ConnectedProxy, 'id' | 'ready'>[],
  rejections: readonly Pick<Rejection, 'node' | 'typeUrl'>[],
): number {
  const refusing = new Set(rejections.filter(({ typeUrl }) => opening.has(typeUrl)).map(({ node }) => node));
  return proxies.filter(({ id, ready }) => ready && !refusing.has(id)).length;
}
