// A real Envoy takes its configuration from an XdsServer: first start, changes, changes under load, a new server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Resource } from '../../src/translate/resources.ts';
import { freeAddress, request, startBackend, startEnvoy, until } from './xds-envoy.ts';
import { Meanwhile, RecordedServer } from './xds-mesh.ts';
import { cluster, endpoints, listener, routes } from '../kit/xds-resources.ts';

test('an Envoy that starts is given everything in order and serves', { timeout: 60_000 }, async () => {
  await using mesh = await new RecordedServer().listen();
  await using backend = await startBackend('one');
  const at = await freeAddress();
  mesh.publish(cluster('shop'), endpoints('shop', [backend]), listener('http', at), routes('http', 'shop'));
  await using envoy = await startEnvoy(mesh, 'node-7');
  await until('it serves', async () => (await request(at)) === 'one');
  assert.deepEqual(mesh.sent(), [
    'Cluster shop',
    'ClusterLoadAssignment shop',
    'Listener http',
    'RouteConfiguration http',
  ]);
  const [proxy] = await until('it is ready', () => {
    const proxies = mesh.server.proxies();
    return proxies[0]?.ready === true && proxies;
  });
  assert.ok(proxy !== undefined && Date.now() - proxy.connectedSince.getTime() < 60_000);
  assert.deepEqual(
    { ...proxy, connectedSince: undefined },
    {
      id: 'node-7',
      cluster: 'test',
      adminPort: 9901,
      address: '127.0.0.1',
      connectedSince: undefined,
      acknowledged: 1,
      ready: true,
    },
  );
  assert.match(await envoy.admin('/config_dump?include_eds'), new RegExp(`"port_value": ${backend.port}`));
});

test(
  'an Envoy that is connected before anything is published waits for it',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    await using envoy = await startEnvoy(mesh);
    await until('it is connected', () => mesh.server.proxies().length === 1);
    assert.doesNotMatch(await envoy.admin('/ready'), /LIVE/);
    assert.equal(mesh.server.settledSequence(), 0);
    const at = await freeAddress();
    await mesh.settle(
      cluster('shop'),
      endpoints('shop', [backend]),
      listener('http', at),
      routes('http', 'shop'),
    );
    await until('it serves', async () => (await request(at)) === 'one');
  },
);

test(
  'a listener whose routes have not come is not open, and holds up no other',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    await using _ = await startEnvoy(mesh);
    const [first, late, next] = await Promise.all([freeAddress(), freeAddress(), freeAddress()]);
    const served = [cluster('shop'), endpoints('shop', [backend])];
    served.push(listener('first', first), routes('first', 'shop'));
    await mesh.settle(...served);
    await mesh.settle(...served, listener('late', late));
    served.push(listener('late', late), listener('next', next), routes('next', 'shop'));
    await mesh.settle(...served);
    await until('the next one serves', async () => (await request(next)) === 'one');
    assert.equal(await request(first), 'one');
    assert.equal(await request(late), 'ECONNREFUSED');
    await mesh.settle(...served, routes('late', 'shop'));
    await until('it serves', async () => (await request(late)) === 'one');
  },
);

test('an empty mesh makes an Envoy ready too', { timeout: 60_000 }, async () => {
  await using mesh = await new RecordedServer().listen();
  mesh.publish();
  await using envoy = await startEnvoy(mesh);
  await until('it is ready', () => mesh.server.proxies()[0]?.ready);
  assert.match(await until('it is live', () => envoy.admin('/ready')), /LIVE/);
  assert.deepEqual(mesh.sent(), []);
});

test(
  'a change is in the config dump of Envoy when it is settled, and nothing else was sent',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    await using envoy = await startEnvoy(mesh);
    const at = await freeAddress();
    const fixed = [
      listener('http', at),
      routes('http', 'a'),
      cluster('a'),
      cluster('b'),
      endpoints('a', [backend]),
    ];
    await mesh.settle(...fixed, endpoints('b', []));
    const before = mesh.pushes.length;
    await mesh.settle(...fixed, endpoints('b', [{ host: '127.81.99.1', port: 4711 }]));
    assert.match(await envoy.admin('/config_dump?include_eds'), /127\.81\.99\.1/);
    assert.deepEqual(
      mesh.pushes.slice(before).map(({ resources, removed }) => [resources.map(({ name }) => name), removed]),
      [[['b'], []]],
    );
  },
);

test(
  'a cluster that changes is in use at once, and no request fails meanwhile',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    await using envoy = await startEnvoy(mesh);
    const at = await freeAddress();
    const world = (timeoutMs: number): readonly Resource[] => [
      cluster('shop', timeoutMs),
      endpoints('shop', [backend]),
      listener('http', at),
      routes('http', 'shop'),
    ];
    await mesh.settle(...world(1000));
    await until('it serves', async () => (await request(at)) === 'one');
    await using load = new Meanwhile(() => request(at));
    await load.more(50);
    for (const timeoutMs of [1500, 2500, 3500]) {
      await mesh.settle(...world(timeoutMs));
      await load.more(50);
    }
    // Without the endpoints once more after each change, each would take the 15 s of the initial fetch timeout.
    const assignments = mesh.sent().filter((sent) => sent === 'ClusterLoadAssignment shop');
    assert.equal(assignments.length, 4);
    assert.deepEqual(
      mesh.log.lines.filter(({ level }) => level === 'warn'),
      [],
    );
    assert.match(
      await envoy.admin('/config_dump?resource=dynamic_active_clusters'),
      /"connect_timeout": "3.500s"/,
    );
    assert.equal(
      (await envoy.admin('/config_dump?resource=dynamic_warming_clusters')).includes('shop'),
      false,
    );
    assert.deepEqual([...(await load.end()).keys()], ['one']);
  },
);

test(
  'routes move to a new cluster and the old one goes, and no request fails',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using first = await startBackend('one');
    await using second = await startBackend('two');
    await using envoy = await startEnvoy(mesh);
    const at = await freeAddress();
    const world = (name: string, backend: typeof first): readonly Resource[] => [
      cluster(name),
      endpoints(name, [backend]),
      listener('http', at),
      routes('http', name),
    ];
    await mesh.settle(...world('v0', first));
    await until('it serves', async () => (await request(at)) === 'one');
    await using load = new Meanwhile(() => request(at));
    for (let round = 1; round <= 10; round += 1) {
      await mesh.settle(...world(`v${round}`, round % 2 === 0 ? first : second));
      await load.more(10);
    }
    // And without waiting in between: published faster than Envoy can follow.
    for (let round = 11; round < 40; round += 1) {
      mesh.publish(...world(`v${round}`, round % 2 === 0 ? first : second));
      await load.more(1);
    }
    await mesh.settle(...world('v40', first));
    assert.deepEqual([...(await load.end()).keys()].toSorted(), ['one', 'two']);
    const clusters = await envoy.admin('/clusters');
    assert.ok(clusters.includes('v40::') && !clusters.includes('v39::') && !clusters.includes('v38::'));
    assert.deepEqual(mesh.nacks, []);
  },
);

test(
  'a server that comes back on the same port sends nothing that Envoy holds',
  { timeout: 60_000 },
  async () => {
    await using backend = await startBackend('one');
    const at = await freeAddress();
    const world = [
      cluster('shop'),
      endpoints('shop', [backend]),
      listener('http', at),
      routes('http', 'shop'),
    ];
    const old = [cluster('old'), endpoints('old', [backend])];
    const before = await new RecordedServer().listen();
    const { port } = before;
    before.publish(...world, ...old);
    await using envoy = await startEnvoy(before);
    await until('it is settled', () => before.server.proxies()[0]?.acknowledged === 1);
    await before.server.close(200);
    assert.equal(await request(at), 'one');

    const same = new RecordedServer();
    same.publish(...world, ...old);
    await same.listen(port);
    await until('it is settled', () => same.server.proxies()[0]?.acknowledged === 1);
    assert.deepEqual(same.sent(), []);
    await same.server.close(200);

    await using changed = new RecordedServer();
    changed.publish(...world, cluster('new'), endpoints('new', [backend]));
    await changed.listen(port);
    await until('it is settled', () => changed.server.proxies()[0]?.acknowledged === 1);
    assert.deepEqual(changed.sent(), ['Cluster new', 'ClusterLoadAssignment new', '-Cluster old']);
    assert.equal(await request(at), 'one');
    const clusters = await envoy.admin('/clusters');
    assert.ok(clusters.includes('new::') && !clusters.includes('old::'));
  },
);
