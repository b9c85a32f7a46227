// Handing out mesh ports change by change, with a record in the cluster or without, comes to what it comes to from scratch.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Allocator } from '../../src/model/allocator.ts';
import { emptyAllocation } from '../../src/model/build.ts';
import { byText, portKey, serviceOf, type PortKey } from '../../src/model/key.ts';
import { setOrDelete } from '../../src/model/maps.ts';
import { blocksLast, emptyPortTable, type ByTraffic, type PortRanges } from '../../src/model/ports.ts';
import { restingKey, sharedKey, type PortMove } from '../../src/model/recorded.ts';
import type { Slots } from '../../src/model/slots.ts';
import type { TrafficType } from '../../src/model/topology.ts';
import {
  assignSlots,
  claimsOf,
  overlayRecorded,
  releaseSlots,
  type Claims,
} from '../kit/allocation-from-scratch.ts';

const ranges: PortRanges = {
  http: [
    { first: 5000, last: 5002 },
    { first: 6000, last: 6003 },
  ],
  tcp: [{ first: 10_000, last: 10_003 }],
  udp: [{ first: 10_000, last: 10_002 }],
};

const services = ['store/cart', 'store/shop', 'store/user', 'other/shop'] as const;
const service = fc.constantFrom(...services);
const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 5000, max: 5002 }) },
  { weight: 2, arbitrary: fc.integer({ min: 6000, max: 6003 }) },
  { weight: 2, arbitrary: fc.integer({ min: 10_000, max: 10_003 }) },
  fc.constant(8080),
);
const key = fc
  .tuple(service, fc.constantFrom(80, 81), fc.constantFrom('TCP', 'TCP', 'UDP'))
  .map(([of, port, protocol]) => portKey(of, port, protocol));
const traffic = fc.constantFrom<TrafficType>('http', 'http', 'tcp', 'udp');
const types = fc.array(traffic, { minLength: 1, maxLength: 2 });
/** Moves from and to the same few ports, so that some have nothing to do with where callers are sent. */
const move = fc.record({ from: number, to: number });

const change = fc.oneof(
  fc.record({ do: fc.constant('want'), service, types: fc.option(types, { nil: undefined }) }),
  fc.record({
    do: fc.constant('record'),
    key,
    at: fc.option(number, { nil: undefined }),
    move: fc.option(move, { nil: undefined }),
  }),
  // A step of a move, as shadow Services are written: from where it is, or to where it goes.
  fc.record({ do: fc.constant('step'), key, to: number }),
  fc.record({ do: fc.constant('rest'), number, isUdp: fc.boolean(), isOn: fc.boolean() }),
  fc.record({ do: fc.constant('release'), numbers: fc.array(number, { maxLength: 6 }) }),
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

interface Port {
  readonly traffic: TrafficType;
  readonly key: PortKey;
}

function portsOf(of: string, given: readonly TrafficType[]): readonly Port[] {
  return given.map((type, index) => ({
    traffic: type,
    key: portKey(of, 80 + index, type === 'udp' ? 'UDP' : 'TCP'),
  }));
}

/** Everything from scratch, but for what was handed out and what was on record before. */
class Scratch {
  readonly wanted = new Map<string, readonly Port[]>();
  readonly recorded = { ports: new Map<PortKey, number>(), moves: new Map<PortKey, PortMove>() };
  table: ByTraffic<Slots> = emptyPortTable;
  claims: Claims | undefined;

  settle(): readonly PortKey[] {
    const claims = claimsOf(this.recorded, ranges, this.claims);
    this.claims = claims;
    const missing: PortKey[] = [];
    const assign = (type: TrafficType): Slots => {
      const all = [...this.wanted.values()].flat().filter((each) => each.traffic === type);
      const shared = type === 'http' ? Array.from(claims.shared.keys(), sharedKey) : [];
      const range = type === 'http' ? blocksLast(ranges.http, claims.shared.keys()) : ranges[type];
      const known = overlayRecorded(this.table[type], claims, type);
      const { slots, unassigned } = assignSlots(known, [...shared, ...all.map((each) => each.key)], range);
      missing.push(...unassigned);
      return slots;
    };
    this.table = { http: assign('http'), tcp: assign('tcp'), udp: assign('udp') };
    return missing;
  }

  release(numbers: readonly number[]): void {
    const released = (type: TrafficType): Slots => releaseSlots(this.table[type], numbers);
    this.table = { http: released('http'), tcp: released('tcp'), udp: released('udp') };
  }
}

/** Changes the record. Returns the key of which it says something else then; undefined where the change is another. */
function record(one: Change, { ports, moves }: Scratch['recorded']): PortKey | undefined {
  if (one.do === 'rest') {
    const rest = restingKey(one.number, one.isUdp ? 'UDP' : 'TCP');
    setOrDelete(ports, rest, one.isOn ? one.number : undefined);
    return rest;
  }
  if (one.do !== 'record' && one.do !== 'step') return undefined;
  const { key: port } = one;
  const from = ports.get(port);
  const going = moves.get(port);
  if (one.do === 'record') {
    setOrDelete(ports, port, one.at);
    setOrDelete(moves, port, one.move);
  } else if (from === undefined) ports.set(port, 5000);
  else if (going === undefined) moves.set(port, { from, to: one.to });
  else if (going.to === from) moves.delete(port);
  else ports.set(port, going.to);
  return port;
}

/** Everything that the model says, in order, whatever it is in inside. */
function told(
  table: ByTraffic<Slots>,
  claims?: { readonly places: Claims['places'] | undefined; readonly shared: Claims['shared'] },
): unknown {
  const sorted = <T>(map: Iterable<readonly [PortKey | number, T]>): unknown =>
    [...map].toSorted(([a], [b]) => byText(String(a), String(b)));
  const slots = ({ assigned, resting }: Slots): unknown => [
    sorted(assigned),
    [...resting].toSorted((a, b) => a - b),
  ];
  return {
    http: slots(table.http),
    tcp: slots(table.tcp),
    udp: slots(table.udp),
    places: sorted(claims?.places ?? []),
    shared: sorted(claims?.shared ?? []),
  };
}

describe('Allocator', () => {
  it('comes to the same change by change as from scratch, and says of which services something changed', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 25 }), (steps) => {
        const allocator = new Allocator({ ports: ranges, addresses: undefined }, emptyAllocation);
        const scratch = new Scratch();
        const { recorded } = scratch;
        const said = (): ReadonlyMap<PortKey, unknown> =>
          new Map(
            [...scratch.wanted.values()]
              .flat()
              .map((port) => [
                port.key,
                [scratch.table[port.traffic].assigned.get(port.key), scratch.claims?.places.get(port.key)],
              ]),
          );
        for (const step of steps) {
          const before = said();
          const changed = new Set<PortKey>();
          const reshaped = new Set<string>();
          for (const one of step) {
            const port = record(one, recorded);
            if (port !== undefined) changed.add(port);
            if (one.do === 'want') {
              const wanted = one.types && portsOf(one.service, one.types);
              setOrDelete(scratch.wanted, one.service, wanted);
              if (allocator.want(one.service, wanted)) reshaped.add(one.service);
            }
            if (one.do === 'release') {
              const { numbers } = one;
              scratch.release(numbers);
              allocator.release({ ports: { http: numbers, tcp: numbers, udp: numbers }, addresses: [] });
            }
          }
          allocator.record(recorded, changed);
          const last = allocator.allocation;
          const wasLast = told(last.ports);
          const touched = allocator.settle();
          const missing = scratch.settle();
          const { claims, table } = scratch;
          assert.ok(claims);
          assert.deepEqual(told(allocator.allocation.ports, allocator), told(table, claims));
          assert.deepEqual([...allocator.missingPorts()].toSorted(), missing.toSorted());
          if (allocator.allocation === last) assert.deepEqual(told(last.ports), wasLast);
          for (const [port, after] of said()) {
            const isTold = touched.has(serviceOf(port)) || reshaped.has(serviceOf(port));
            if (!isTold) assert.deepEqual(after, before.get(port), `${port} changed unsaid`);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
