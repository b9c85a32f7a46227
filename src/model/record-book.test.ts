import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { kubeService, put, take } from '../../test/kit/objects.ts';
import { TopologyBuilder, type ModelOptions } from './build.ts';
import type { KubeService } from './objects.ts';
import { clusterPorts } from './ports.ts';
import type { PortKey } from './key.ts';
import { restingKey, sharedKey, type PortMove, type Recorded } from './recorded.ts';
import { RecordBook } from './record-book.ts';
import type { Service, ServicePort } from './topology.ts';

const options: ModelOptions = { defaultMode: 'http', ports: clusterPorts, addresses: undefined };

type Ports = Readonly<Record<string, number>>;
type Moves = Readonly<Record<string, PortMove>>;

const mapOf = <T>(record: Readonly<Record<string, T>>): ReadonlyMap<string, T> =>
  new Map(Object.entries(record));

interface Found extends Pick<RecordBook, 'places' | 'shared'> {
  /** By traffic type and mesh port. */
  readonly owners: ReadonlyMap<string, PortKey | undefined>;
}

/** Tells a book all of a record. */
function tell(book: RecordBook, ports: Ports, moves: Moves = {}): Found {
  const recorded = { ports: mapOf(ports), moves: mapOf(moves) };
  const { claims } = book.update(recorded, new Set([...book.keys(), ...recorded.ports.keys()]));
  const owners = new Map(Array.from(claims, ({ traffic, port, owner }) => [`${traffic} ${port}`, owner]));
  return { places: book.places, shared: book.shared, owners };
}

describe('RecordBook', () => {
  const claims = (ports: Ports, moves?: Moves): Found => tell(new RecordBook(clusterPorts), ports, moves);

  it('gives a port to the one service port that has it', () => {
    const { places, owners, shared } = claims({ 's/a/80': 5000, 's/b/80': 10_000, 's/c/53/udp': 15_000 });
    assert.deepEqual(places.get('s/a/80'), { own: 5000, shared: [] });
    assert.deepEqual(Object.fromEntries(owners), {
      'http 5000': 's/a/80',
      'tcp 10000': 's/b/80',
      'udp 15000': 's/c/53/udp',
    });
    assert.equal(shared.size, 0);
  });

  it('shares an HTTP port among those that have it', () => {
    const { places, owners, shared } = claims({ 's/b/80': 5000, 's/a/80': 5000, 's/a/81': 5001 });
    for (const key of ['s/a/80', 's/b/80']) {
      assert.deepEqual(places.get(key), { own: undefined, shared: [{ port: 5000, isLeft: false }] });
    }
    assert.deepEqual(Object.fromEntries(owners), { 'http 5000': sharedKey(5000), 'http 5001': 's/a/81' });
    assert.deepEqual([...shared.keys()], [5000]);
  });

  it('has what moves at both ends, and the old one shared even where no other has it', () => {
    const move = { from: 5000, to: 5007 };
    for (const [target, isLeft] of [
      [5000, false],
      [5007, true],
    ] as const) {
      const { places, owners } = claims({ 's/a/80': target }, { 's/a/80': move });
      assert.deepEqual(places.get('s/a/80'), { own: 5007, shared: [{ port: 5000, isLeft }] });
      assert.equal(owners.get('http 5007'), 's/a/80');
    }
  });

  it('passes over a move that has nothing to do with where callers are sent, or leads out of the range', () => {
    for (const move of [
      { from: 5001, to: 5002 },
      { from: 5000, to: 5000 },
      { from: 5000, to: 10_000 },
      { from: 8080, to: 5000 },
    ]) {
      const { places } = claims({ 's/a/80': 5000 }, { 's/a/80': move });
      assert.deepEqual(places.get('s/a/80'), { own: 5000, shared: [] });
    }
  });

  it('is left when nobody is sent there any more, whoever still has it', () => {
    const move = { from: 5000, to: 5001 };
    const one = claims({ 's/a/80': 5001, 's/b/80': 5000 }, { 's/a/80': move });
    assert.equal(one.shared.get(5000)?.isLeft, false);
    const both = claims(
      { 's/a/80': 5001, 's/b/80': 5002 },
      { 's/a/80': move, 's/b/80': { from: 5000, to: 5002 } },
    );
    assert.equal(both.shared.get(5000)?.isLeft, true);
  });

  it('serves one port of a service where several share, since they have one name', () => {
    const { places } = claims({ 's/a/81': 5000, 's/a/80': 5000, 's/ab/80': 5000 });
    assert.deepEqual(places.get('s/a/80')?.shared, [{ port: 5000, isLeft: false }]);
    assert.equal(places.get('s/a/81')?.shared.length ?? 0, 0);
    assert.deepEqual(places.get('s/ab/80')?.shared, [{ port: 5000, isLeft: false }]);
  });

  it('serves one that is left for all that had it, until none has it on record', () => {
    const book = new RecordBook(clusterPorts);
    const ports = { 's/a/80': 5001, 's/b/80': 5002 };
    const moves = { 's/a/80': { from: 5000, to: 5001 }, 's/b/80': { from: 5000, to: 5002 } };
    const left = [{ port: 5000, isLeft: true }];
    tell(book, ports, moves);
    tell(book, ports, { 's/b/80': moves['s/b/80'] });
    assert.deepEqual(book.places.get('s/a/80'), { own: 5001, shared: left });
    assert.deepEqual(book.places.get('s/b/80')?.shared, left);
    tell(book, ports);
    assert.deepEqual(book.places.get('s/a/80'), { own: 5001, shared: [] });
    assert.equal(book.shared.size, 0);
  });

  it('serves it no more for those that have left it when callers are sent there again', () => {
    const book = new RecordBook(clusterPorts);
    const moves = { 's/a/80': { from: 5000, to: 5001 }, 's/b/80': { from: 5000, to: 5002 } };
    const onlyB = { 's/b/80': moves['s/b/80'] };
    tell(book, { 's/a/80': 5001, 's/b/80': 5002 }, moves);
    tell(book, { 's/b/80': 5002 }, onlyB);
    assert.deepEqual(book.places.get('s/a/80')?.shared, [{ port: 5000, isLeft: true }]);
    tell(book, { 's/b/80': 5000 }, onlyB);
    assert.equal(book.places.has('s/a/80'), false);
    assert.deepEqual(book.places.get('s/b/80')?.shared, [{ port: 5000, isLeft: false }]);
  });

  it('gives a port that rests to nobody, whoever else has it', () => {
    const ports = {
      'store/cart/80': 5000,
      'store/shop/80': 5000,
      'store/dns/53/udp': 15_000,
      [restingKey(5000, 'TCP')]: 5000,
      [restingKey(15_000, 'UDP')]: 15_000,
    };
    const { places, owners, shared } = claims(ports);
    assert.deepEqual([places.size, shared.size], [0, 0]);
    assert.deepEqual(Object.fromEntries(owners), {
      'http 5000': '/resting/5000',
      'udp 15000': '/resting/15000/udp',
    });
  });

  it('leaves a port for TCP or UDP that several have to the first, served for nobody', () => {
    const { places, owners } = claims({ 's/b/80': 10_000, 's/a/80': 10_000, 's/a/80/udp': 15_000 });
    assert.equal(places.get('s/a/80')?.own, undefined);
    assert.equal(places.get('s/b/80')?.own, undefined);
    assert.equal(owners.get('tcp 10000'), 's/a/80');
  });
});

/** What is on record now, and as `key port` what ever was. */
type History = Recorded & { readonly past: ReadonlySet<string> };

/**
 * Fails where a port is served for a service port that does not have it on record (or had it in the past, where callers
 * have left it), or for two otherwise than by name.
 */
function assertServed(services: readonly Service[], history: History): void {
  const served = services.flatMap((service) => service.ports);
  const own = new Map<number, string>();
  for (const port of served) {
    assertRecorded(port, history);
    const { key, meshPort, sharedPorts = [] } = port;
    if (meshPort === undefined || sharedPorts.some((each) => each.port === meshPort)) continue;
    assert.equal(own.get(meshPort), undefined, `${meshPort} stands for ${key} and another`);
    own.set(meshPort, key);
  }
  for (const { sharedPorts = [] } of served) {
    for (const { port } of sharedPorts) assert.equal(own.get(port), undefined);
  }
}

function assertRecorded({ key, meshPort, sharedPorts = [], traffic }: ServicePort, history: History): void {
  const move = history.moves.get(key);
  const recorded = new Set([history.ports.get(key), move?.from, move?.to, undefined]);
  for (const { port, isLeft } of sharedPorts) {
    assert.equal(traffic, 'http');
    if (isLeft && history.past.has(`${key} ${port}`)) recorded.add(port);
    assert.ok(recorded.has(port), `${key} at ${port}`);
  }
  assert.ok(recorded.has(meshPort), `${key} at ${meshPort}`);
}

describe('a builder that is told what is on record', () => {
  const shop = kubeService();
  const cart = kubeService({ name: 'cart' });
  const port = (builder: TopologyBuilder, key: string): ServicePort | undefined =>
    builder.build().services.get(key)?.ports[0];
  const meshPort = (builder: TopologyBuilder, key: string): number | undefined =>
    port(builder, key)?.meshPort;
  const assigned = (builder: TopologyBuilder): ReadonlyMap<string, number> =>
    builder.allocation.ports.http.assigned;

  it('serves a port only once it is on record, and says what ought to be', () => {
    const builder = new TopologyBuilder(options);
    builder.record(mapOf({}));
    builder.apply({ changes: [put(shop)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), undefined);
    assert.equal(assigned(builder).get('store/shop/80'), 5000);
    builder.record(mapOf({ 'store/shop/80': 5000 }));
    assert.equal(meshPort(builder, 'store/shop'), 5000);
  });

  it('takes over what another one has handed out, and moves nothing', () => {
    const builder = new TopologyBuilder(options);
    builder.record(mapOf({ 'store/shop/80': 5007, 'store/gone/80': 5000 }));
    builder.apply({ changes: [put(shop), put(cart)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), 5007);
    assert.equal(
      assigned(builder).get('store/cart/80'),
      5001,
      'what an orphan has on record is not given away',
    );
    const { resting } = builder.allocation.ports.http;
    assert.deepEqual([...resting], [5000]);
    builder.release({ ports: { http: [5000], tcp: [], udp: [] }, addresses: [] });
    builder.record(mapOf({ 'store/shop/80': 5007, 'store/gone/80': 5000 }));
    builder.build();
    assert.deepEqual([...builder.allocation.ports.http.resting], [5000], 'as long as it is on record');
  });

  it('lets a port rest that goes from the record with its service', () => {
    const builder = new TopologyBuilder(options);
    builder.apply({ changes: [put(shop)], problems: [] });
    builder.record(mapOf({ 'store/shop/80': 5000 }));
    builder.apply({ changes: [take(shop), put(cart)], problems: [] });
    builder.build();
    builder.record(mapOf({}));
    builder.build();
    assert.equal(assigned(builder).get('store/cart/80'), 5001);
    assert.deepEqual([...builder.allocation.ports.http.resting], [5000]);
  });

  it('serves an HTTP port for all that have it on record, and hands each one of its own', () => {
    const builder = new TopologyBuilder(options);
    builder.record(mapOf({ 'store/shop/80': 5000, 'store/cart/80': 5000 }));
    builder.apply({ changes: [put(shop), put(cart)], problems: [] });
    const shared = (isLeft: boolean) => [{ port: 5000, isLeft }];
    for (const key of ['store/cart', 'store/shop']) {
      assert.equal(meshPort(builder, key), 5000);
      assert.deepEqual(port(builder, key)?.sharedPorts, shared(false));
    }
    assert.equal(assigned(builder).get('store/cart/80'), 5256);
    assert.equal(assigned(builder).get('store/shop/80'), 5257);
    const moves = mapOf({
      'store/cart/80': { from: 5000, to: 5256 },
      'store/shop/80': { from: 5000, to: 5257 },
    });
    builder.record(mapOf({ 'store/shop/80': 5000, 'store/cart/80': 5000 }), { moves });
    assert.equal(meshPort(builder, 'store/shop'), 5257, 'before callers are sent there');
    assert.deepEqual(port(builder, 'store/shop')?.sharedPorts, shared(false));
    builder.record(mapOf({ 'store/shop/80': 5257, 'store/cart/80': 5256 }), { moves });
    assert.equal(meshPort(builder, 'store/shop'), 5257);
    assert.deepEqual(port(builder, 'store/shop')?.sharedPorts, shared(true));
    const user = kubeService({ name: 'user' });
    builder.record(mapOf({ 'store/shop/80': 5257, 'store/cart/80': 5256 }));
    builder.apply({ changes: [put(user)], problems: [] });
    assert.equal(port(builder, 'store/shop')?.sharedPorts, undefined);
    assert.deepEqual(
      [...builder.allocation.ports.http.resting],
      [5000],
      'it rests when it is shared no more',
    );
    assert.equal(assigned(builder).get('store/user/80'), 5001);
  });

  it('says so where there is no port to move to, and serves the shared one on', () => {
    const http = [{ first: 5000, last: 5001 }];
    const builder = new TopologyBuilder({ ...options, ports: { ...clusterPorts, http } });
    builder.record(mapOf({ 'store/shop/80': 5000, 'store/cart/80': 5000 }));
    builder.apply({ changes: [put(shop), put(cart)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), 5000);
    const [problem] = builder.build().problems;
    assert.equal(problem?.code, 'MAESH_PORTS_EXHAUSTED');
    assert.match(problem.message, /goes on sharing one with other services/);
  });

  it('serves a port of each protocol on one number', () => {
    const dns = kubeService({
      name: 'dns',
      annotations: { 'mesh.traefik.io/traffic-type': 'udp' },
      ports: [{ protocol: 'UDP' }],
    });
    const builder = new TopologyBuilder({ ...options, defaultMode: 'tcp' });
    builder.record(mapOf({ 'store/dns/80/udp': 15_000, 'store/shop/80': 15_000 }));
    builder.apply({ changes: [put(shop), put(dns)], problems: [] });
    assert.equal(meshPort(builder, 'store/shop'), 15_000);
    assert.equal(meshPort(builder, 'store/dns'), 15_000);
  });

  it('moves a port whose traffic type changed, and serves nothing on the old one, shared or not', () => {
    const annotations = { 'mesh.traefik.io/traffic-type': 'tcp' };
    for (const other of [{}, { 'store/cart/80': 5000 }]) {
      const builder = new TopologyBuilder(options);
      builder.record(mapOf({ 'store/shop/80': 5000, ...other }));
      builder.apply({ changes: [put({ ...shop, annotations })], problems: [] });
      assert.equal(meshPort(builder, 'store/shop'), undefined);
      assert.equal(port(builder, 'store/shop')?.sharedPorts, undefined);
      assert.equal(builder.allocation.ports.tcp.assigned.get('store/shop/80'), 10_000);
      builder.record(mapOf({ 'store/shop/80': 10_000, ...other }));
      assert.equal(meshPort(builder, 'store/shop'), 10_000);
    }
  });

  it('never serves a port for a service port that never had it on record, nor two on one but by name', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const number = fc.oneof(
      fc.integer({ min: 5000, max: 5003 }),
      fc.integer({ min: 10_000, max: 10_002 }),
      fc.constant(8080),
    );
    const given = fc.record({
      traffic: fc.constantFrom('http', 'tcp'),
      meshPort: fc.option(number, { nil: undefined }),
      move: fc.option(fc.record({ from: number, to: number }), { nil: undefined }),
    });
    const records = fc.array(fc.array(given, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(records, (steps) => {
        const builder = new TopologyBuilder(options);
        const past = new Set<string>();
        for (const step of steps) {
          const ports = new Map<string, number>();
          const moves = new Map<string, PortMove>();
          const services = names.map((name, index): KubeService => {
            const { traffic = 'http', meshPort: at, move } = step[index] ?? {};
            if (at !== undefined) ports.set(`store/${name}/80`, at);
            if (move !== undefined) moves.set(`store/${name}/80`, move);
            return kubeService({ name, annotations: { 'mesh.traefik.io/traffic-type': traffic } });
          });
          builder.record(ports, { moves });
          builder.apply({ changes: services.map(put), problems: [] });
          assertServed([...builder.build().services.values()], { ports, moves, past });
          for (const [key, port] of ports) past.add(`${key} ${port}`);
          for (const [key, { from, to }] of moves) past.add(`${key} ${from}`).add(`${key} ${to}`);
          const http = builder.allocation.ports.http.assigned;
          assert.equal(new Set(http.values()).size, http.size);
        }
      }),
    );
  });
});
