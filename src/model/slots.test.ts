import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, parseAddressRange } from './addresses.ts';
import {
  assignPorts,
  blockOf,
  clusterPorts,
  emptyPortTable,
  limitPorts,
  releasePorts,
  standalonePorts,
} from './ports.ts';
import { assignSlots, countNumbers, emptySlots, releaseSlots, type Slots } from './slots.ts';

const ranges = [
  { first: 10, last: 12 },
  { first: 20, last: 21 },
];

describe('assignSlots()', () => {
  it('gives the lowest free numbers to keys in their order, range after range', () => {
    const { slots, unassigned } = assignSlots(emptySlots, ['d', 'a', 'c', 'b', 'f', 'e'], ranges);
    assert.deepEqual(Object.fromEntries(slots.assigned), { a: 10, b: 11, c: 12, d: 20, e: 21 });
    assert.deepEqual(unassigned, ['f']);
  });

  it('moves a key whose number lies outside of the ranges', () => {
    const before: Slots = {
      assigned: new Map([
        ['a', 99],
        ['b', 98],
      ]),
      resting: new Set(),
    };
    const { slots } = assignSlots(before, ['a'], ranges);
    assert.deepEqual([...slots.assigned], [['a', 10]]);
    assert.deepEqual([...slots.resting], [99, 98]);
  });

  it('returns the same reference where nothing changes', () => {
    const { slots } = assignSlots(emptySlots, ['a'], ranges);
    assert.equal(assignSlots(slots, ['a'], ranges).slots, slots);
    assert.equal(releaseSlots(slots, [10]), slots);
  });

  it('keeps numbers stable, injective and out of rest, for any sequence of wants and releases', () => {
    const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const step = fc.record({
      wanted: fc.uniqueArray(key),
      released: fc.array(fc.integer({ min: 10, max: 21 })),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let slots = emptySlots;
        for (const { wanted, released } of steps) {
          const before = releaseSlots(slots, released);
          const next = assignSlots(before, wanted, ranges);
          assert.deepEqual(assignSlots(before, wanted.toReversed(), ranges), next);
          slots = next.slots;
          const numbers = [...slots.assigned.values()];
          assert.equal(new Set(numbers).size, numbers.length);
          assert.deepEqual([...slots.assigned.keys(), ...next.unassigned].toSorted(), wanted.toSorted());
          for (const [name, number] of slots.assigned) {
            assert.equal(slots.resting.has(number), false);
            assert.equal(before.resting.has(number), false);
            const had = before.assigned.get(name);
            if (had !== undefined) assert.equal(number, had);
          }
          for (const [name, number] of before.assigned) {
            if (!wanted.includes(name)) assert.ok(slots.resting.has(number));
          }
          if (next.unassigned.length > 0) {
            assert.equal(slots.assigned.size + slots.resting.size, countNumbers(ranges));
          }
        }
      }),
    );
  });
});

describe('mesh ports', () => {
  it('lie in blocks of up to 256 that begin where their range does', () => {
    assert.deepEqual(blockOf(clusterPorts.http, 5000), { first: 5000, last: 5255 });
    assert.deepEqual(blockOf(clusterPorts.http, 5256), { first: 5256, last: 5511 });
    assert.deepEqual(blockOf(clusterPorts.http, 7999), { first: 7816, last: 7999 });
    assert.deepEqual(blockOf(clusterPorts.http, 20_300), { first: 20_256, last: 20_511 });
    assert.equal(blockOf(clusterPorts.http, 8080), undefined);
  });

  it('begin where those of the original do, and never collide within a protocol', () => {
    assert.equal(clusterPorts.http[0]?.first, 5000);
    assert.equal(clusterPorts.tcp[0]?.first, 10_000);
    assert.equal(clusterPorts.udp[0]?.first, 15_000);
    for (const { http, tcp } of [clusterPorts, standalonePorts]) {
      const sorted = [...http, ...tcp].toSorted((a, b) => a.first - b.first);
      for (const [i, range] of sorted.entries()) assert.ok((sorted[i - 1]?.last ?? 0) < range.first);
    }
  });

  it('can be limited to the first of them', () => {
    assert.deepEqual(limitPorts(clusterPorts.http, 10), [{ first: 5000, last: 5009 }]);
    assert.deepEqual(limitPorts(clusterPorts.http, 3001), [
      { first: 5000, last: 7999 },
      { first: 20_000, last: 20_000 },
    ]);
    assert.deepEqual(limitPorts(clusterPorts.http, 0), []);
  });

  it('are handed out for each traffic type apart', () => {
    const wanted = { http: ['s/a/80'], tcp: ['s/b/80'], udp: ['s/c/80/udp'] };
    const { table, unassigned } = assignPorts(emptyPortTable, wanted, clusterPorts);
    assert.deepEqual(unassigned, []);
    assert.equal(table.http.assigned.get('s/a/80'), 5000);
    assert.equal(table.tcp.assigned.get('s/b/80'), 10_000);
    assert.equal(table.udp.assigned.get('s/c/80/udp'), 15_000);
    assert.equal(assignPorts(table, wanted, clusterPorts).table, table);
    const freed = assignPorts(table, { http: [], tcp: [], udp: [] }, clusterPorts).table;
    const released = releasePorts(freed, { http: [5000], tcp: [], udp: [] });
    assert.deepEqual([released.http.resting.size, released.tcp.resting.size], [0, 1]);
    assert.equal(releasePorts(released, { http: [], tcp: [], udp: [1] }), released);
  });
});

describe('parseAddressRange()', () => {
  it('gives the proxy the first address and services what lies behind the first 1/256', () => {
    const range = parseAddressRange('127.77.3.9/16');
    assert.equal(range?.proxy, '127.77.0.1');
    assert.equal(formatIpv4(range?.services.first ?? 0), '127.77.1.0');
    assert.equal(formatIpv4(range?.services.last ?? 0), '127.77.255.254');
    assert.equal(formatIpv4(parseAddressRange('127.1.2.0/24')?.services.first ?? 0), '127.1.2.2');
  });

  it('refuses what is no range of loopback addresses with room for services', () => {
    for (const text of [
      '',
      '127.0.0.1',
      '10.0.0.0/8',
      '127.0.0.0/25',
      '127.0.0.0/7',
      '127.0.256.0/16',
      'x/16',
      '::1/64',
    ]) {
      assert.equal(parseAddressRange(text), undefined, text);
    }
  });
});
