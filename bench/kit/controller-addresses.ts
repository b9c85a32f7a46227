// Where the benchmark of a cluster's controller opens what, and who is who.

/** Address on which the real Envoy opens mesh ports. */
export const meshAddress = '127.94.0.1';

/** Node id of the real Envoy; the other proxies are clients of the benchmark's own. */
export const realNode = 'real-envoy';

/** Node id of the client that finds out for the others what there is to be asked for. */
export const scoutNode = 'scout';

/**
 * Address of the n-th endpoint of all, counted from 0, that nobody calls: an address of a private network, since the API
 * server takes no loopback address for one.
 */
export function podAddress(n: number): string {
  return `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
}
