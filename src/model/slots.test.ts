import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, parseAddressRange } from './addresses.ts';
import { blockOf, clusterPorts, limitPorts, standalonePorts } from './ports.ts';
import { countNumbers, SlotTable } from './slots.ts';

const ranges = [
  { first: 10, last: 12 },
  { first: 20, last: 21 },
];

/** Has these keys want a number, and no other. */
function settle(table: SlotTable, wanted: Iterable<string>): ReadonlySet<string> {
  for (const key of [...table.assigned.keys(), ...table.missing]) table.unwant(key);
  for (const key of wanted) table.want(key);
  return table.settle(ranges);
}

describe('SlotTable', () => {
  it('gives the lowest free numbers to keys in their order, range after range', () => {
    const table = new SlotTable();
    settle(table, ['d', 'a', 'c', 'b', 'f', 'e']);
    assert.deepEqual(Object.fromEntries(table.assigned), { a: 10, b: 11, c: 12, d: 20, e: 21 });
    assert.deepEqual([...table.missing], ['f']);
  });

  it('finds the lowest free number however many are taken before it', () => {
    const table = new SlotTable();
    const many = [{ first: 1000, last: 9000 }];
    for (let index = 1000; index <= 9000; index++) table.want(`k${index}`);
    table.settle(many);
    assert.equal(table.assigned.get('k9000'), 9000);
    for (const key of ['k4000', 'k2303', 'k8999']) table.unwant(key);
    table.settle(many);
    table.release([4000, 2303, 8999]);
    for (const key of ['x', 'y', 'z']) table.want(key);
    table.settle(many);
    assert.deepEqual(
      ['x', 'y', 'z'].map((key) => table.assigned.get(key)),
      [2303, 4000, 8999],
    );
  });

  it('moves a key whose number lies outside of the ranges, and frees what nobody wants of what was there before', () => {
    const assigned = new Map([
      ['a', 99],
      ['b', 98],
    ]);
    const table = new SlotTable({ assigned, resting: new Set() });
    table.want('a');
    table.settle(ranges);
    assert.deepEqual([...table.assigned], [['a', 10]]);
    assert.deepEqual([...table.resting], [99, 98]);
  });

  it('says what changed', () => {
    const table = new SlotTable();
    assert.deepEqual(settle(table, ['a', 'b']), new Set(['a', 'b']));
    assert.deepEqual(settle(table, ['a', 'b']), new Set());
    assert.deepEqual(settle(table, ['b']), new Set(['a']));
    assert.equal(table.release([11, 12]), false);
    assert.equal(table.release([10, 12]), true);
  });

  it('has a number with the key that it belongs to, whatever it handed out itself', () => {
    const table = new SlotTable();
    settle(table, ['a', 'b']);
    settle(table, ['a', 'b', 'c']);
    table.unwant('c');
    table.settle(ranges);
    table.claim(11, 'a');
    table.claim(12, 'd');
    table.want('d');
    assert.deepEqual(table.settle(ranges), new Set(['a', 'b', 'd']));
    assert.deepEqual(Object.fromEntries(table.assigned), { a: 11, b: 10, d: 12 });
    assert.deepEqual([...table.resting], []);
  });

  it('has a number rest for as long as it belongs to a key that is not wanted', () => {
    const table = new SlotTable();
    table.claim(10, 'gone');
    settle(table, ['a']);
    assert.equal(table.assigned.get('a'), 11);
    assert.deepEqual([...table.resting], [10]);
    table.release([10]);
    settle(table, ['a', 'b']);
    assert.equal(table.assigned.get('b'), 12);
    assert.deepEqual([...table.resting], [10]);
    table.claim(10, undefined);
    settle(table, ['a', 'b']);
    table.release([10]);
    settle(table, ['a', 'b', 'c']);
    assert.equal(table.assigned.get('c'), 10);
  });

  it('keeps numbers stable, injective and out of rest, for any sequence of wants and releases', () => {
    const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const step = fc.record({
      wanted: fc.uniqueArray(key),
      released: fc.array(fc.integer({ min: 10, max: 21 })),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const table = new SlotTable();
        const other = new SlotTable();
        for (const { wanted, released } of steps) {
          table.release(released);
          other.release(released);
          const before = { assigned: new Map(table.assigned), resting: new Set(table.resting) };
          settle(table, wanted);
          settle(other, wanted.toReversed());
          assert.deepEqual(new Map(other.assigned), new Map(table.assigned));
          const numbers = [...table.assigned.values()];
          assert.equal(new Set(numbers).size, numbers.length);
          assert.deepEqual([...table.assigned.keys(), ...table.missing].toSorted(), wanted.toSorted());
          for (const [name, number] of table.assigned) {
            assert.equal(table.keyOf(number), name);
            assert.equal(table.resting.has(number), false);
            assert.equal(before.resting.has(number), false);
            const had = before.assigned.get(name);
            if (had !== undefined) assert.equal(number, had);
          }
          for (const [name, number] of before.assigned) {
            if (!wanted.includes(name)) assert.ok(table.resting.has(number));
          }
          if (table.missing.size > 0) {
            assert.equal(table.assigned.size + table.resting.size, countNumbers(ranges));
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
