import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { meshService, meshTopology } from '../../test/kit/topologies.ts';
import { clusterPorts, standalonePorts } from '../model/ports.ts';
import type { Service } from '../model/topology.ts';
import { resourcesToJson } from './inspect.ts';
import { type Resource, type Resources, type TypeUrl, typeUrls } from './resources.ts';
import { createTranslator, translate, type TranslateOptions } from './translate.ts';

const standalone: TranslateOptions = {
  meshAddress: '127.0.0.1',
  ports: standalonePorts,
  readiness: { address: '127.0.0.1', port: 1081 },
  hostPort: { address: '127.0.0.1', port: 8000 },
};
const cluster: TranslateOptions = {
  meshAddress: '::',
  ports: clusterPorts,
  readiness: { address: '::', port: 1081 },
  hostPort: undefined,
};
const pod = { address: '10.0.0.1', port: 8080 };

function names(resources: Resources): Record<string, string[]> {
  const kinds = Object.entries(typeUrls) as [keyof typeof typeUrls, TypeUrl][];
  return Object.fromEntries(kinds.map(([kind, typeUrl]) => [kind, [...resources[typeUrl].keys()]]));
}

describe('translate()', () => {
  test('gives proxies of an empty mesh their readiness, and the port for all services where there is one', () => {
    assert.deepEqual(names(translate(meshTopology([]), cluster)), {
      cluster: [],
      endpoints: [],
      listener: ['ready'],
      routes: [],
      extensions: [],
      scopedRoutes: [],
    });
    assert.deepEqual(names(translate(meshTopology([]), standalone))['listener'], ['host', 'ready']);
  });

  test('makes what each port needs, named after nothing but what it is, sorted', () => {
    const shop = meshService(
      'store/shop',
      [
        { port: 80, meshPort: 20_001, endpoints: [pod] },
        { port: 5432, traffic: 'tcp', meshPort: 27_680, endpoints: [pod] },
        { port: 53, traffic: 'udp', meshPort: 20_300, endpoints: [pod] },
        { port: 8080, meshPort: 20_256 },
      ],
      { localAddress: '127.1.0.1' },
    );
    assert.deepEqual(names(translate(meshTopology([shop]), standalone)), {
      cluster: ['store/shop/53/udp', 'store/shop/80', 'store/shop/8080', 'tcp-27680'],
      endpoints: ['store/shop/53/udp', 'store/shop/5432', 'store/shop/80', 'store/shop/8080'],
      listener: [
        'entry/store/shop/53/udp',
        'entry/store/shop/5432',
        'entry/store/shop/80',
        'entry/store/shop/8080',
        'host',
        'http/20000',
        'http/20256',
        'ready',
        'tcp/27680',
        'udp/20300',
      ].toSorted(),
      routes: ['host/store', 'http/20000', 'http/20256'],
      extensions: [],
      scopedRoutes: ['host/store'],
    });
  });

  test('leaves out ports that have no mesh port, or one outside the ranges', () => {
    const shop = meshService('store/shop', [{ port: 80 }, { port: 81, meshPort: 4999 }], {
      localAddress: '127.1.0.1',
    });
    assert.deepEqual(
      names(translate(meshTopology([shop]), cluster)),
      names(translate(meshTopology([]), cluster)),
    );
  });

  test('opens a real port only where the model says so', () => {
    const shop = meshService('store/shop', [{ port: 80, meshPort: 20_000 }], { localAddress: '127.1.0.1' });
    const refused: Service = {
      ...shop,
      ports: shop.ports.map((port) => ({ ...port, localPort: undefined })),
    };
    assert.deepEqual(names(translate(meshTopology([refused]), standalone))['listener'], [
      'host',
      'http/20000',
      'ready',
    ]);
  });

  test('says of which services a resource was made', () => {
    const topology = meshTopology([
      meshService('store/shop', [
        { port: 80, meshPort: 20_000 },
        { port: 81, meshPort: 20_002 },
      ]),
      meshService('store/cart', [{ port: 80, meshPort: 20_001 }]),
    ]);
    const resources = translate(topology, standalone);
    const servicesOf = (typeUrl: TypeUrl, name: string) => resources[typeUrl].get(name)?.services;
    assert.deepEqual(servicesOf(typeUrls.cluster, 'store/cart/80'), ['store/cart']);
    assert.deepEqual(servicesOf(typeUrls.endpoints, 'store/cart/80'), ['store/cart']);
    assert.deepEqual(servicesOf(typeUrls.routes, 'http/20000'), ['store/cart', 'store/shop']);
    assert.deepEqual(servicesOf(typeUrls.routes, 'host/store'), ['store/cart', 'store/shop']);
    assert.deepEqual(servicesOf(typeUrls.listener, 'http/20000'), []);
  });

  test('makes a block of one listener with all its addresses, the same whatever is in it', () => {
    const one = meshTopology([meshService('store/shop', [{ meshPort: 20_000 }])]);
    const other = meshTopology([meshService('other/cart', [{ port: 81, meshPort: 20_255 }])]);
    const listenerOf = (topology: typeof one) =>
      translate(topology, standalone)[typeUrls.listener].get('http/20000');
    assert.deepEqual(listenerOf(one), listenerOf(other));
    const json = resourcesToJson(translate(one, standalone)).listeners.find(
      ({ name }) => name === 'http/20000',
    );
    assert.partialDeepStrictEqual(json, {
      address: { socket_address: { address: '127.0.0.1', port_value: 20_000 } },
      enable_reuse_port: false,
    });
    const more = json?.['additional_addresses'] as { address: { socket_address: { port_value: number } } }[];
    assert.deepEqual(
      more.map(({ address }) => address.socket_address.port_value),
      Array.from({ length: 255 }, (_, index) => 20_001 + index),
    );
  });

  test('serves both address families in a cluster', () => {
    const topology = meshTopology([meshService('store/shop', [{ meshPort: 5000 }])]);
    const json = resourcesToJson(translate(topology, cluster)).listeners.find(
      ({ name }) => name === 'http/5000',
    );
    const both = { address: '::', ipv4_compat: true };
    assert.partialDeepStrictEqual(json, {
      address: { socket_address: both },
      additional_addresses: [{ address: { socket_address: both } }],
    });
  });
});

describe('a translator', () => {
  const shop = meshService('store/shop', [{ meshPort: 20_000, endpoints: [pod] }]);
  const cart = meshService('store/cart', [{ meshPort: 20_001, endpoints: [pod] }]);

  test('hands out the same resources for a topology in which nothing changed', () => {
    const translator = createTranslator(standalone);
    const first = translator(meshTopology([shop, cart]));
    assert.equal(translator(meshTopology([shop, cart])), first);
    assert.equal(translator(meshTopology([structuredClone(shop), cart])), first);
  });

  test('touches nothing but the endpoints where endpoints change', () => {
    const translator = createTranslator(standalone);
    const first = translator(meshTopology([shop, cart]));
    const moved = meshService('store/shop', [
      { meshPort: 20_000, endpoints: [{ address: '10.0.0.2', port: 8080 }] },
    ]);
    const next = translator(meshTopology([moved, cart]));
    for (const typeUrl of Object.values(typeUrls)) {
      assert.equal(next[typeUrl] === first[typeUrl], typeUrl !== typeUrls.endpoints, typeUrl);
    }
    const endpoints = (resources: Resources, name: string) => resources[typeUrls.endpoints].get(name);
    assert.equal(endpoints(next, 'store/cart/80'), endpoints(first, 'store/cart/80'));
    assert.notEqual(endpoints(next, 'store/shop/80')?.version, endpoints(first, 'store/shop/80')?.version);
  });

  test('makes routes again where what a port asks for changes, and keeps them where it says the same', () => {
    const translator = createTranslator(standalone);
    const asking = (requestTimeoutMs: number): Service =>
      meshService('store/shop', [{ meshPort: 20_000, policy: { requestTimeoutMs } }]);
    const first = translator(meshTopology([asking(4), cart]));
    const next = translator(meshTopology([asking(5), cart]));
    assert.notEqual(next[typeUrls.routes], first[typeUrls.routes]);
    assert.equal(next[typeUrls.cluster], first[typeUrls.cluster]);
  });

  test('touches no block but that of the port where a service comes', () => {
    const translator = createTranslator(standalone);
    const far = meshService('other/far', [{ meshPort: 20_256 }]);
    const first = translator(meshTopology([shop, far]));
    const next = translator(meshTopology([shop, far, cart]));
    const changed = (typeUrl: TypeUrl) =>
      [...next[typeUrl]]
        .filter(([name, resource]) => first[typeUrl].get(name) !== resource)
        .map(([name]) => name);
    assert.deepEqual(changed(typeUrls.routes), ['host/store', 'http/20000']);
    assert.deepEqual(changed(typeUrls.cluster), ['store/cart/80']);
    assert.equal(next[typeUrls.listener], first[typeUrls.listener]);
    assert.equal(next[typeUrls.scopedRoutes], first[typeUrls.scopedRoutes]);
  });

  test('keeps the routes of a port that services share while they get ports of their own in other blocks', () => {
    const translator = createTranslator(standalone);
    const sharedPorts = [{ port: 20_000, isLeft: false }];
    const at = (name: string, meshPort: number) => meshService(name, [{ meshPort, sharedPorts }]);
    const names = ['store/a', 'store/b', 'store/c'];
    const routes = (...services: Service[]): Resource | undefined =>
      translator(meshTopology(services))[typeUrls.routes].get('http/20000');
    const first = routes(...names.map((name) => at(name, 20_000)));
    assert.ok(first);
    const others = [at('store/a', 20_000), at('store/c', 20_000)];
    assert.equal(routes(...others, at('store/b', 20_256)), first);
    assert.equal(routes(...names.map((name, index) => at(name, 20_258 - index))), first);
  });

  test('finds services on a port that they share by every domain of the mesh, those of the original among them', () => {
    const sharedPorts = [{ port: 20_000, isLeft: false }];
    const services = [meshService('store/a', [{ meshPort: 20_000, sharedPorts }])];
    const translator = createTranslator({ ...standalone, meshDomains: ['maesh', 'mesh.example'] });
    const routes = resourcesToJson(translator(meshTopology(services)));
    for (const domain of ['maesh', 'traefik.mesh', 'mesh.example']) {
      assert.ok(JSON.stringify(routes).includes(`"20000/a.store.${domain}"`), domain);
    }
  });

  test('opens and closes blocks with the first and last of their ports', () => {
    const translator = createTranslator(standalone);
    const far = meshService('store/far', [{ traffic: 'tcp', meshPort: 27_680 + 256 }]);
    const blocks = (services: readonly Service[]) =>
      names(translator(meshTopology(services)))['listener']?.filter((name) => /^(http|tcp)\//u.test(name));
    assert.deepEqual(blocks([shop]), ['http/20000']);
    assert.deepEqual(blocks([shop, far]), ['http/20000', 'tcp/27936']);
    assert.deepEqual(blocks([far]), ['tcp/27936']);
    assert.deepEqual(blocks([]), []);
  });

  test('forgets a real port that the model has closed since', () => {
    const translator = createTranslator(standalone);
    const local = meshService('store/shop', [{ meshPort: 20_000 }], { localAddress: '127.1.0.1' });
    const entries = (service: Service) =>
      names(translator(meshTopology([service])))['listener']?.filter((name) => name.startsWith('entry/'));
    assert.deepEqual(entries(local), ['entry/store/shop/80']);
    // The port is the very same object, only the service's address is another.
    assert.deepEqual(entries({ ...local, localAddress: undefined }), []);
  });
});
