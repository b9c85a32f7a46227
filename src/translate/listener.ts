// What all TCP listeners of a proxy have in common.

import { create } from '@bufbuild/protobuf';

import type { Filter } from '../gen/envoy/config/listener/v3/listener_components_pb.ts';
import { type Listener, ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { Matcher } from '../gen/xds/type/matcher/v3/matcher_pb.ts';
import { type AddressAndPort, tcpAddress } from './address.ts';
import { tcpKeepalive } from './tcp-keepalive.ts';

/** A listener to make: where, and what it does with each connection. */
export interface ListenerOptions {
  readonly name: string;
  /** At least one. A connection to any of them is treated alike. */
  readonly addresses: readonly [AddressAndPort, ...AddressAndPort[]];
  readonly filters: readonly Filter[];
  /** Who gets through; absent: everybody. */
  readonly guard?: Guard | undefined;
}

/**
 * Decides before the first byte, whoever speaks first. Envoy replaces it without touching connections, unless a chain
 * changes or goes: connections that came by it are closed when the drain time is over.
 */
export interface Guard {
  /** Names the chain that a connection gets, {@link openChain} or one of {@link chains}; it is closed where it names none. */
  readonly matcher: Matcher;
  readonly chains: readonly Chain[];
}

/** Filters that a guard leads to. */
export interface Chain {
  /** Unique in the listener. */
  readonly name: string;
  readonly filters: readonly Filter[];
}

/** Name by which a guard leads to the filters that the listener would have without it. */
export const openChain = 'open';

/**
 * Makes a TCP listener. Its workers share one socket for each address, instead of one each (`SO_REUSEPORT`): a
 * block of 256 ports then costs the kernel 256 sockets, not 256 for each worker, and a second mesh on the same
 * addresses is told that they are in use, instead of silently getting every other connection. Exact balance makes up
 * for what sharing loses: without it, one worker takes most connections (measured: 179 to 21).
 */
export function tcpListener(options: ListenerOptions): Listener {
  const [first, ...more] = options.addresses;
  const { guard } = options;
  const filters = [...options.filters];
  return create(ListenerSchema, {
    name: options.name,
    statPrefix: options.name,
    address: tcpAddress(first),
    additionalAddresses: more.map((at) => ({ address: tcpAddress(at) })),
    filterChains: guard === undefined ? [{ filters }] : [{ name: openChain, filters }, ...chainsOf(guard)],
    ...(guard !== undefined && { filterChainMatcher: guard.matcher }),
    enableReusePort: false,
    connectionBalanceConfig: { balanceType: { case: 'exactBalance', value: {} } },
    tcpKeepalive,
  });
}

function chainsOf({ chains }: Guard): { readonly name: string; readonly filters: Filter[] }[] {
  return chains.map(({ name, filters }) => ({ name, filters: [...filters] }));
}

/** Every address of a block of ports. */
export function blockAddresses(
  address: string,
  block: { readonly first: number; readonly last: number },
): [AddressAndPort, ...AddressAndPort[]] {
  const more: AddressAndPort[] = [];
  for (let port = block.first + 1; port <= block.last; port++) more.push({ address, port });
  return [{ address, port: block.first }, ...more];
}
