import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { JsonObject } from '@bufbuild/protobuf';
import fc from 'fast-check';

import { byText } from '../../src/model/key.ts';
import { standalonePorts } from '../../src/model/ports.ts';
import type { Topology } from '../../src/model/topology.ts';
import { meshDomains } from '../../src/translate/names.ts';
import { resourcesToJson } from '../../src/translate/inspect.ts';
import { type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator, translate, type TranslateOptions } from '../../src/translate/translate.ts';
import { sequences, topologies } from '../kit/random-topologies.ts';

const options: TranslateOptions = {
  meshAddress: '127.0.0.1',
  ports: standalonePorts,
  readiness: { address: '127.0.0.1', port: 1081 },
  hostPort: { address: '127.0.0.1', port: 8000 },
};

/** Everything that proxies would be sent, in order. */
function content(resources: Resources): unknown {
  return Object.values(typeUrls).map((typeUrl) =>
    [...resources[typeUrl]].map(([name, { version, bytes, services }]) => ({
      name,
      version,
      bytes,
      services,
    })),
  );
}

/** Every value of a field, however deep, in resources as JSON. */
function valuesOf(field: string, json: unknown): unknown[] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json as Readonly<Record<string, unknown>>).flatMap(([key, value]) => [
    ...(key === field ? [value] : []),
    ...valuesOf(field, value),
  ]);
}

const nameOf = (resource: JsonObject): unknown => resource['cluster_name'] ?? resource['name'];

describe('the translation of any topology', () => {
  test('does not depend on the order of services', () => {
    fc.assert(
      fc.property(topologies, fc.infiniteStream(fc.nat()), (topology, random) => {
        const shuffled = [...topology.services]
          .map((entry) => ({ entry, at: Number(random.next().value) }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        const other: Topology = { ...topology, services: new Map(shuffled) };
        assert.deepEqual(content(translate(other, options)), content(translate(topology, options)));
      }),
    );
  });

  test('is the same step by step as from scratch, and keeps every reference that it can', () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        const translator = createTranslator(options);
        let last: Resources | undefined;
        for (const topology of steps) {
          const next = translator(topology);
          assert.deepEqual(content(next), content(translate(topology, options)));
          if (last !== undefined) assertKept(last, next);
          last = next;
        }
      }),
      { numRuns: 150 },
    );
  });

  test('names each resource once, in order, with equal versions for equal bytes only', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const resources = translate(topology, options);
        for (const typeUrl of Object.values(typeUrls)) {
          const all = [...resources[typeUrl]];
          const names = all.map(([name]) => name);
          assert.deepEqual(names, names.toSorted(byText));
          for (const [name, resource] of all) {
            assert.equal(resource.name, name);
            assert.equal(resource.typeUrl, typeUrl);
            assert.ok(resource.services.every((key) => topology.services.has(key)));
          }
          const versions = new Set(all.map(([, { version }]) => version));
          const bytes = new Set(all.map(([, resource]) => Buffer.from(resource.bytes).toString('base64')));
          assert.equal(versions.size, bytes.size);
        }
      }),
    );
  });

  test('refers to nothing that is not there, and has nothing that nobody refers to', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const json = resourcesToJson(translate(topology, options));
        const names = (list: readonly JsonObject[]): Set<unknown> => new Set(list.map(nameOf));

        // A TCP block names its clusters by port: those of the topology's TCP ports.
        const tcpClusters = [...topology.services.values()]
          .flatMap(({ ports }) => ports)
          .flatMap(({ traffic, meshPort }) =>
            traffic === 'tcp' && meshPort !== undefined ? [`tcp-${meshPort}`] : [],
          );
        // One whose requests all go to others keeps its cluster, for when they come back.
        const idleClusters = [...topology.services.values()]
          .flatMap(({ ports }) => ports)
          .filter(({ traffic, meshPort }) => traffic === 'http' && meshPort !== undefined)
          .filter(({ splits = [] }) => splits.some(({ matches }) => matches === undefined));
        const named = [
          ...valuesOf('cluster', json.routes),
          ...valuesOf('cluster', json.listeners),
          ...tcpClusters,
          ...idleClusters.map(({ key }) => key),
        ];
        assert.deepEqual(new Set(named.filter((cluster) => cluster !== 'none')), names(json.clusters));

        const assignments = json.clusters.map((cluster) => {
          const { service_name: service } = cluster['eds_cluster_config'] as { service_name?: string };
          return service ?? nameOf(cluster);
        });
        assert.deepEqual(new Set(assignments), names(json.endpoints));

        const routes = [
          ...valuesOf('route_config_name', json.listeners),
          ...valuesOf('route_configuration_name', json.scopedRoutes),
        ];
        assert.deepEqual(new Set(routes), names(json.routes));
      }),
    );
  });

  test('opens no address twice', () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        for (const topology of steps) {
          const { listeners } = resourcesToJson(translate(topology, options));
          const addresses = valuesOf('socket_address', listeners).map((address) => JSON.stringify(address));
          assert.equal(new Set(addresses).size, addresses.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('gives every mesh port of a block its own virtual host, and those who share one theirs by name', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const { routes } = resourcesToJson(translate(topology, options));
        const blocks = routes.filter((one) => (one['name'] as string).startsWith('http/'));
        const domains = valuesOf('domains', blocks).flat() as string[];
        const services = [...topology.services.values()];
        const ports = services.flatMap((service) =>
          service.ports
            .filter(({ traffic, meshPort }) => traffic === 'http' && meshPort !== undefined)
            .map(({ meshPort, sharedPorts = [] }) => ({ service, meshPort, sharedPorts })),
        );
        // By its number each port once, shared or not; by name a shared one for each of those who share it.
        const numbers = ports.flatMap(({ meshPort, sharedPorts }) => [
          meshPort,
          ...sharedPorts.map(({ port }) => port),
        ]);
        const names = ports.flatMap(({ service, sharedPorts }) =>
          sharedPorts.flatMap(({ port }) =>
            meshDomains.map((domain) => `${port}/${service.name}.${service.namespace}.${domain}`),
          ),
        );
        const others = blocks.map(() => '*');
        const wanted = [...Array.from(new Set(numbers), String), ...names, ...others];
        assert.deepEqual(domains.toSorted(byText), wanted.toSorted(byText));
      }),
    );
  });
});

/** Whatever has the same content as before is the same object, and so is a type of which that is true of everything. */
function assertKept(last: Resources, next: Resources): void {
  for (const typeUrl of Object.values(typeUrls)) {
    const [before, after] = [last[typeUrl], next[typeUrl]];
    for (const [name, resource] of after) {
      const known = before.get(name);
      if (known?.version === resource.version) assert.equal(resource, known);
    }
    const isEqual =
      before.size === after.size && [...after].every(([name, resource]) => before.get(name) === resource);
    assert.equal(after === before, isEqual, typeUrl);
  }
}
