import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { kubeService, put, take } from '../../test/kit/objects.ts';
import { TopologyBuilder, type ModelOptions } from './build.ts';
import { clusterPorts, emptyPortTable, type PortTable } from './ports.ts';
import { overlayRecorded } from './recorded.ts';

const options: ModelOptions = { defaultMode: 'http', ports: clusterPorts, addresses: undefined };

function tableOf(http: Record<string, number>, resting: readonly number[] = []): PortTable {
  return {
    ...emptyPortTable,
    http: { assigned: new Map(Object.entries(http)), resting: new Set(resting) },
  };
}

describe('overlayRecorded()', () => {
  const overlay = (table: PortTable, recorded: Record<string, number>): PortTable =>
    overlayRecorded(table, new Map(Object.entries(recorded)), clusterPorts);

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

  it('gives a port that two claim to the one that sorts first', () => {
    const { http } = overlay(emptyPortTable, { 's/b/80': 5000, 's/a/80': 5000 });
    assert.deepEqual([...http.assigned], [['s/a/80', 5000]]);
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

describe('a builder that is told what is on record', () => {
  const shop = kubeService();
  const cart = kubeService({ name: 'cart' });
  const recorded = (ports: Record<string, number>): ReadonlyMap<string, number> =>
    new Map(Object.entries(ports));
  const meshPort = (builder: TopologyBuilder, key: string): number | undefined =>
    builder.build().services.get(key)?.ports[0]?.meshPort;

  it('serves a port only once it is on record, and says what ought to be', () => {
    const builder = new TopologyBuilder(options);
    builder.record(recorded({}));
    builder.apply({ changes: [put(shop)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), undefined);
    assert.equal(builder.allocation.ports.http.assigned.get('store/shop/80'), 5000);
    builder.record(recorded({ 'store/shop/80': 5000 }));
    assert.equal(meshPort(builder, 'store/shop'), 5000);
  });

  it('takes over what another one has handed out, and moves nothing', () => {
    const builder = new TopologyBuilder(options);
    builder.record(recorded({ 'store/shop/80': 5007, 'store/gone/80': 5000 }));
    builder.apply({ changes: [put(shop), put(cart)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), 5007);
    const { assigned, resting } = builder.allocation.ports.http;
    assert.equal(assigned.get('store/cart/80'), 5001, 'what an orphan has on record is not given away');
    assert.deepEqual([...resting], [5000]);
    builder.release({ ports: { http: [5000], tcp: [], udp: [] }, addresses: [] });
    builder.record(recorded({ 'store/shop/80': 5007, 'store/gone/80': 5000 }));
    builder.build();
    assert.deepEqual([...builder.allocation.ports.http.resting], [5000], 'as long as it is on record');
  });

  it('lets a port rest that goes from the record with its service', () => {
    const builder = new TopologyBuilder(options);
    builder.apply({ changes: [put(shop)], problems: [] });
    builder.record(recorded({ 'store/shop/80': 5000 }));
    builder.apply({ changes: [take(shop), put(cart)], problems: [] });
    builder.build();
    builder.record(recorded({}));
    builder.build();
    assert.equal(builder.allocation.ports.http.assigned.get('store/cart/80'), 5001);
    assert.deepEqual([...builder.allocation.ports.http.resting], [5000]);
  });

  it('serves nobody on a port that two records claim, and has all but the first move', () => {
    const builder = new TopologyBuilder(options);
    builder.record(recorded({ 'store/shop/80': 5000, 'store/cart/80': 5000 }));
    builder.apply({ changes: [put(shop), put(cart)], problems: [] });
    assert.equal(meshPort(builder, 'store/cart'), undefined);
    assert.equal(meshPort(builder, 'store/shop'), undefined);
    assert.equal(builder.allocation.ports.http.assigned.get('store/shop/80'), 5001);
    builder.record(recorded({ 'store/shop/80': 5001, 'store/cart/80': 5000 }));
    assert.equal(meshPort(builder, 'store/cart'), 5000);
    assert.equal(meshPort(builder, 'store/shop'), 5001);
  });

  it('serves a port of each protocol on one number', () => {
    const dns = kubeService({
      name: 'dns',
      annotations: { 'mesh.traefik.io/traffic-type': 'udp' },
      ports: [{ protocol: 'UDP' }],
    });
    const builder = new TopologyBuilder({ ...options, defaultMode: 'tcp' });
    builder.record(recorded({ 'store/dns/80/udp': 15_000, 'store/shop/80': 15_000 }));
    builder.apply({ changes: [put(shop), put(dns)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), 15_000);
    assert.equal(meshPort(builder, 'store/dns'), 15_000);
  });

  it('moves a port whose traffic type changed, and serves nothing on the old one', () => {
    const builder = new TopologyBuilder(options);
    builder.record(recorded({ 'store/shop/80': 5000 }));
    const annotations = { 'mesh.traefik.io/traffic-type': 'tcp' };
    builder.apply({ changes: [put({ ...shop, annotations })], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), undefined);
    assert.equal(builder.allocation.ports.tcp.assigned.get('store/shop/80'), 10_000);
    builder.record(recorded({ 'store/shop/80': 10_000 }));
    assert.equal(meshPort(builder, 'store/shop'), 10_000);
  });
});
