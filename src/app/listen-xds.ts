// Opens the port that proxies take their configuration from. Without it there is no mesh.

import type { ListenAddress } from '../config/options.ts';
import { ListenError } from '../serve/listen-error.ts';
import type { XdsServer } from '../serve/xds/server.ts';

/**
 * Opens it; port 0 takes any that is free.
 *
 * @throws ListenError where it can't be opened.
 */
export async function listenXds(xds: XdsServer, at: ListenAddress): Promise<ListenAddress> {
  try {
    return { host: at.host, port: await xds.listen(at) };
  } catch (error) {
    throw ListenError.from(error, { what: 'xDS', ...at });
  }
}
