// The proxies that are connected to this process, as the API says how far they are.

import type { ProxiesJson } from '../serve/http/api-types.ts';
import type { XdsServer } from '../serve/xds/server.ts';

/** Them all, in the order in which they connected. */
export function proxiesJson(
  xds: Pick<XdsServer, 'proxies' | 'rejections'>,
  /** What they were told last. */
  sequence: number,
): ProxiesJson {
  const refused = Map.groupBy(xds.rejections(), ({ node }) => node);
  const proxies = xds.proxies().map(({ id, address, connectedSince, acknowledged }) => ({
    name: id,
    address,
    connectedSince: connectedSince.toISOString(),
    acknowledged,
    refused: refused.get(id)?.length ?? 0,
  }));
  return { sequence, proxies };
}
