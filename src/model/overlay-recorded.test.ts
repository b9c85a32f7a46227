import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { overlayRecorded, sharedKey } from './overlay-recorded.ts';
import { clusterPorts, emptyPortTable, type PortTable } from './ports.ts';
import { claimsOf } from './recorded.ts';

function tableOf(http: Record<string, number>, resting: readonly number[] = []): PortTable {
  return {
    ...emptyPortTable,
    http: { assigned: new Map(Object.entries(http)), resting: new Set(resting) },
  };
}

describe('overlayRecorded()', () => {
  const overlay = (table: PortTable, recorded: Record<string, number>): PortTable =>
    overlayRecorded(
      table,
      claimsOf({ ports: new Map(Object.entries(recorded)), moves: new Map() }, clusterPorts),
    );

  it('lets the record count for more than the table', () => {
    const { http } = overlay(tableOf({ 's/a/80': 5000, 's/b/80': 5001 }, [5002]), {
      's/a/80': 5001,
      's/c/80': 5002,
    });
    assert.deepEqual(Object.fromEntries(http.assigned), { 's/a/80': 5001, 's/c/80': 5002 });
    assert.deepEqual([...http.resting], []);
  });

  it('sorts ports to traffic types by their ranges, and passes over those in none', () => {
    const table = overlay(emptyPortTable, {
      's/a/80': 5000,
      's/b/80': 10_000,
      's/c/53/udp': 15_000,
      's/d/80': 8080,
      's/e/53/udp': 5000,
    });
    assert.deepEqual([...table.http.assigned.keys()], ['s/a/80']);
    assert.deepEqual([...table.tcp.assigned.keys()], ['s/b/80']);
    assert.deepEqual([...table.udp.assigned.keys()], ['s/c/53/udp']);
  });

  it('gives a port that two claim to the one that sorts first; for HTTP to neither, nor to others', () => {
    const { http, tcp } = overlay(tableOf({ 's/a/80': 5001, 's/c/80': 5000 }), {
      's/b/80': 5000,
      's/a/80': 5000,
      's/b/90': 10_000,
      's/a/90': 10_000,
    });
    assert.deepEqual(Object.fromEntries(http.assigned), { [sharedKey(5000)]: 5000, 's/a/80': 5001 });
    assert.deepEqual([...tcp.assigned], [['s/a/90', 10_000]]);
  });

  it('returns the same reference where the record says nothing new', () => {
    const table = tableOf({ 's/a/80': 5000 }, [5001]);
    assert.equal(overlay(table, { 's/a/80': 5000 }), table);
    assert.equal(overlay(table, {}), table);
  });

  it('keeps a table injective, for any table and any record', () => {
    const entries = fc.dictionary(
      fc.constantFrom('s/a/80', 's/b/80', 's/c/80', 's/d/80'),
      fc.integer({ min: 5000, max: 5005 }),
    );
    fc.assert(
      fc.property(
        entries,
        entries,
        fc.array(fc.integer({ min: 5000, max: 5005 })),
        (given, recorded, rest) => {
          const numbers = new Set(Object.values(given));
          const distinct = Object.fromEntries(
            Object.entries(given).filter(([, port]) => numbers.delete(port)),
          );
          const resting = rest.filter((port) => !Object.values(distinct).includes(port));
          const { http } = overlay(tableOf(distinct, resting), recorded);
          const ports = [...http.assigned.values()];
          assert.equal(new Set(ports).size, ports.length);
          for (const port of http.resting) assert.equal(ports.includes(port), false);
          for (const port of Object.values(recorded)) assert.ok(ports.includes(port));
        },
      ),
    );
  });
});
