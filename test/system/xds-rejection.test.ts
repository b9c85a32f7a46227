// A real Envoy rejects some of what it is sent: everything else must be applied, and what is at fault be named.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Resource } from '../../src/translate/resources.ts';
import { freeAddress, request, startBackend, startEnvoy, until } from './xds-envoy.ts';
import { RecordedServer } from './xds-mesh.ts';
import {
  badCluster,
  badListener,
  badRoutes,
  cluster,
  endpoints,
  invalidListener,
  listener,
  routes,
} from '../kit/xds-resources.ts';

interface Case {
  readonly what: string;
  readonly bad: (name: string) => Promise<Resource>;
  readonly message: RegExp;
}

const cases: readonly Case[] = [
  {
    what: 'a listener that Envoy does not accept',
    bad: async (name) => badListener(name, await freeAddress()),
    message: /unknown|maesh\.test\.None/,
  },
  {
    what: 'a listener that Envoy cannot even decode',
    bad: async (name) => invalidListener(name),
    message: /port/i,
  },
  { what: 'a cluster that Envoy does not accept', bad: async (name) => badCluster(name), message: /bad/ },
];

for (const { what, bad, message } of cases) {
  test(`${what} is found among good ones, which are all applied`, { timeout: 60_000 }, async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    const addresses = await Promise.all(Array.from({ length: 8 }, () => freeAddress()));
    const good = [
      cluster('shop'),
      cluster('stock'),
      endpoints('shop', [backend]),
      endpoints('stock', []),
      ...addresses.flatMap((at, index) => [listener(`l${index}`, at), routes(`l${index}`, 'shop')]),
    ];
    mesh.publish(...good, await bad('bad'));
    await using envoy = await startEnvoy(mesh);
    await until(
      'it is settled',
      () => mesh.server.settledSequence() === 1 && mesh.server.proxies()[0]?.ready,
    );
    for (const at of addresses) await until('it serves', async () => (await request(at)) === 'one');
    assert.match(await envoy.admin('/clusters'), /stock::/);

    const [rejection, ...others] = mesh.server.rejections();
    assert.deepEqual(others, []);
    assert.equal(rejection?.name, 'bad');
    assert.equal(rejection.node, 'node-1');
    assert.deepEqual(rejection.services, ['test/bad']);
    assert.match(rejection.message, message);
    const logged = mesh.log.lines.filter(({ level }) => level === 'error');
    assert.deepEqual(
      logged.map(({ fields }) => [fields['name'], fields['services'], fields['node']]),
      [['bad', ['test/bad'], 'node-1']],
    );

    // It is not sent again while it stays as it is; it is when it has been put right.
    const sentBad = (): number => mesh.sent().filter((name) => name.endsWith(' bad')).length;
    const before = sentBad();
    await mesh.settle(
      ...good,
      await bad('bad').then((one) => ({ ...one, version: rejection.version ?? '' })),
      cluster('x'),
    );
    assert.equal(sentBad(), before);
    await mesh.settle(
      ...good,
      listener('bad', await freeAddress()),
      routes('bad', 'shop'),
      cluster('bad'),
      endpoints('bad', []),
    );
    assert.deepEqual(mesh.server.rejections(), []);
  });
}

test(
  'Envoy goes on with the last good listener when a change of it is rejected',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    await using envoy = await startEnvoy(mesh);
    const at = await freeAddress();
    const fixed = [cluster('shop'), endpoints('shop', [backend]), routes('http', 'shop')];
    await mesh.settle(...fixed, listener('http', at));
    await until('it serves', async () => (await request(at)) === 'one');
    await mesh.settle(...fixed, badListener('http', at));
    assert.deepEqual(
      mesh.server.rejections().map(({ name }) => name),
      ['http'],
    );
    assert.equal(await request(at), 'one');
    assert.match(
      await envoy.admin('/config_dump?resource=dynamic_listeners'),
      /maesh\.test\.None/,
      'Envoy saw it',
    );
    const before = mesh.pushes.length;
    await mesh.settle(...fixed, listener('http', at));
    assert.deepEqual(mesh.server.rejections(), []);
    assert.equal(mesh.pushes.length, before, 'Envoy holds it already');
  },
);

test(
  'routes that Envoy refuses at its start hold up no listener but leave theirs without a route',
  { timeout: 60_000 },
  async () => {
    await using mesh = await new RecordedServer().listen();
    await using backend = await startBackend('one');
    const [at, bad] = await Promise.all([freeAddress(), freeAddress()]);
    mesh.publish(
      cluster('shop'),
      endpoints('shop', [backend]),
      listener('http', at),
      routes('http', 'shop'),
      listener('bad', bad),
      badRoutes('bad'),
    );
    await using _ = await startEnvoy(mesh);
    await until('it serves', async () => (await request(at)) === 'one');
    assert.equal(await request(bad), '404');
    await until('it is known which it refuses', () => mesh.server.rejections().length === 1);
    assert.deepEqual(
      mesh.server.rejections().map(({ name }) => name),
      ['bad'],
    );
  },
);
