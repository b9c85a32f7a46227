// What a translation needs to know besides the topology.

import type { PortRanges } from '../model/ports.ts';
import type { AddressAndPort } from './address.ts';

/** How proxies are placed: the same for all of a mesh. */
export interface TranslateOptions {
  /** Address on which proxies open mesh ports: `::` (both families) in a cluster, a loopback address standalone. */
  readonly meshAddress: string;
  /** Ranges of mesh ports. A port outside them is not served. */
  readonly ports: PortRanges;
  /** Where proxies answer `GET /ping` once they have been told everything. */
  readonly readiness: AddressAndPort;
  /** One HTTP port that serves every HTTP service by Host; standalone only. */
  readonly hostPort: AddressAndPort | undefined;
  /** Domains under which services are called on ports that they share, besides the usual ones. */
  readonly meshDomains?: readonly string[];
  /** Whether the topology says who may call what. */
  readonly isAccessControlled?: boolean;
  /** Whether an open TCP connection is closed when its caller may no longer open it. */
  readonly closesForbidden?: boolean;
}
