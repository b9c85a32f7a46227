// Loopback addresses of a standalone mesh: each service has one of its own, on which its real ports are open, so that
// `curl http://shop.store.maesh` works as it does in a cluster.

import type { NumberRange } from './slots.ts';

/** IPv4 addresses of a standalone mesh. */
export interface AddressRange {
  /** The proxy's own address, on which mesh ports are open: the first of the range. */
  readonly proxy: string;
  /** Where services get theirs from. */
  readonly services: NumberRange;
}

/**
 * Reads a range in CIDR notation, such as `127.77.0.0/16`. The first address is the proxy's; the first 1/256 of the
 * range is kept for the mesh's own use, so that services begin at `127.77.1.0` there.
 * Undefined where the text is no IPv4 range, is smaller than /24 or lies outside of 127.0.0.0/8: what is not loopback
 * would be open to the network.
 */
export function parseAddressRange(cidr: string): AddressRange | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr);
  const address = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix < 8 || prefix > 24 || address >>> 24 !== 127) return undefined;
  const size = 2 ** (32 - prefix);
  const base = address - (address % size);
  return {
    proxy: formatIpv4(base + 1),
    // The last address of 127.0.0.0/8 is its broadcast address.
    services: { first: base + Math.max(2, size / 256), last: base + size - 2 },
  };
}

/** `127.77.1.0` from its number. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
