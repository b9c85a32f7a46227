// Mesh ports: which port of every proxy stands for which service port. Ports are handed out in blocks of 256, because
// a block is one listener of the proxy.

import { emptySlots, type NumberRange, type Slots } from './slots.ts';
import type { TrafficType } from './topology.ts';

/** Number of ports of a block. Envoy's listener has one address and up to 255 more. */
export const blockSize = 256;

/** Ports from `first` to `last`, both included. Its blocks start at `first`, `first + 256`, and so on. */
export type PortRange = NumberRange;

/** Something for each traffic type. */
export type ByTraffic<T> = Readonly<Record<TrafficType, T>>;

/** Where ports may be taken from, in the order in which they are taken. */
export type PortRanges = ByTraffic<readonly PortRange[]>;

/**
 * The ports of a cluster's proxies. They begin where the original's do (5000, 10000, 15000/udp) and go on where it
 * had none; the proxy's own ports (8080, 9000 and their like) lie in a gap between the ranges.
 * All stay below 32768, where Linux begins to take ports for outgoing connections.
 */
export const clusterPorts: PortRanges = {
  http: [
    { first: 5000, last: 7999 },
    { first: 20_000, last: 32_767 },
  ],
  tcp: [{ first: 10_000, last: 19_999 }],
  udp: [{ first: 15_000, last: 32_767 }],
};

/**
 * The ports of a standalone mesh. They leave out those that programs on a developer's machine like to take
 * (5000, 5432, 8080 and their like), since a block is open whether or not all its ports are used.
 */
export const standalonePorts: PortRanges = {
  http: [{ first: 20_000, last: 27_679 }],
  tcp: [{ first: 27_680, last: 32_767 }],
  udp: [{ first: 20_000, last: 32_767 }],
};

/** The ranges without what lies beyond their first `limit` ports (flags `--limitHTTPPort` and its like). */
export function limitPorts(ranges: readonly PortRange[], limit: number): readonly PortRange[] {
  const limited: PortRange[] = [];
  let left = limit;
  for (const { first, last } of ranges) {
    if (left <= 0) break;
    const taken = Math.min(left, last - first + 1);
    limited.push({ first, last: first + taken - 1 });
    left -= taken;
  }
  return limited;
}

/** The block that a mesh port lies in, as a range; undefined where the port is in none of the ranges. */
export function blockOf(ranges: readonly PortRange[], port: number): PortRange | undefined {
  const range = ranges.find(({ first, last }) => first <= port && port <= last);
  if (range === undefined) return undefined;
  const first = port - ((port - range.first) % blockSize);
  return { first, last: Math.min(first + blockSize - 1, range.last) };
}

/** The same ports in another order: those of the blocks that these ports lie in come last. */
export function blocksLast(ranges: readonly PortRange[], ports: Iterable<number>): readonly PortRange[] {
  const last = new Map<number, PortRange>();
  for (const port of ports) {
    const block = blockOf(ranges, port);
    if (block !== undefined) last.set(block.first, block);
  }
  const blocks = [...last.values()].toSorted((a, b) => a.first - b.first);
  const others = ranges.flatMap((range): PortRange[] => {
    const parts: PortRange[] = [];
    let { first } = range;
    for (const block of blocks) {
      if (block.first < range.first || block.last > range.last) continue;
      if (first < block.first) parts.push({ first, last: block.first - 1 });
      first = block.last + 1;
    }
    return first > range.last ? parts : [...parts, { first, last: range.last }];
  });
  return [...others, ...blocks];
}

/** Which mesh port stands for which service port. A freed port rests until no connected proxy serves it any more. */
export type PortTable = ByTraffic<Slots>;

/** A table in which no port is taken. */
export const emptyPortTable: PortTable = { http: emptySlots, tcp: emptySlots, udp: emptySlots };
