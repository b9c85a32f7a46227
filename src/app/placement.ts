// Where a standalone mesh opens what: decided once, before anything is opened.

import type { PortLimits, StandaloneOptions } from '../config/options.ts';
import { parseAddressRange, type AddressRange } from '../model/addresses.ts';
import type { ModelOptions } from '../model/build.ts';
import { limitPorts, standalonePorts, type PortRanges } from '../model/ports.ts';
import type { Log } from '../runtime/log.ts';
import { ListenError } from '../serve/listen-error.ts';
import type { TranslateOptions } from '../translate/options.ts';
import { firstLocalPort, probePort } from './local-ports.ts';

/** Loopback address on which everything listens that users call by `localhost`. */
export const loopback = '127.0.0.1';

/** Port of every proxy on which it says whether it is ready, as in the original. */
export const readinessPort = 1081;

/** The settings that placement depends on. */
export type PlacementOptions = PortLimits &
  Pick<StandaloneOptions, 'acl' | 'addressRange' | 'closeForbidden' | 'defaultMode' | 'envoy' | 'httpPort'>;

/** What model and translation need to know of where things are. */
export interface Placement {
  readonly model: ModelOptions;
  readonly translate: TranslateOptions;
}

/** Decides. A `--httpPort` that can't be opened is logged and left out: the rest of the mesh goes on. */
export async function place(options: PlacementOptions, log: Log): Promise<Placement> {
  const range = rangeOf(options.addressRange);
  const ports = limitedPorts(standalonePorts, options);
  const firstPort = await firstLocalPort();
  if (firstPort > 1) {
    log.warn(
      `Service ports below ${firstPort} are not opened on the services' own addresses: this process lacks the right`,
      {
        advice: `Call such services by --httpPort, or allow it: capability CAP_NET_BIND_SERVICE, or sysctl net.ipv4.ip_unprivileged_port_start=0`,
      },
    );
  }
  return {
    model: {
      defaultMode: options.defaultMode,
      ports,
      addresses: range.services,
      firstLocalPort: firstPort,
      isAccessControlled: options.acl,
    },
    translate: {
      meshAddress: range.proxy,
      ports,
      readiness: { address: range.proxy, port: readinessPort },
      hostPort: await hostPort(options, log),
      isAccessControlled: options.acl,
      closesForbidden: options.closeForbidden,
    },
  };
}

function rangeOf(cidr: string): AddressRange {
  const range = parseAddressRange(cidr);
  if (range === undefined) throw new Error(`${cidr} is no range of loopback addresses`);
  return range;
}

/** The ranges up to the ceilings that the settings name. */
export function limitedPorts(
  { http, tcp, udp }: PortRanges,
  { limitHTTPPort, limitTCPPort, limitUDPPort }: PortLimits,
): PortRanges {
  return {
    http: limitPorts(http, limitHTTPPort ?? Infinity),
    tcp: limitPorts(tcp, limitTCPPort ?? Infinity),
    udp: limitPorts(udp, limitUDPPort ?? Infinity),
  };
}

async function hostPort(options: PlacementOptions, log: Log): Promise<TranslateOptions['hostPort']> {
  const target = { what: 'HTTP services by Host', host: loopback, port: options.httpPort };
  // An Envoy that others keep running may hold the port already; it says so itself if somebody else does.
  if (options.envoy === 'external' && target.port !== 0) return { address: loopback, port: target.port };
  try {
    return { address: loopback, port: await probePort(target) };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    log.error(error.message, { code: error.code, advice: error.advice });
    return undefined;
  }
}
