import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Clock } from '../../runtime/clock.ts';
import { standalonePorts } from '../../model/ports.ts';
import type { Service, ServicePort } from '../../model/topology.ts';
import { resourcesToJson } from '../../translate/inspect.ts';
import { typeUrls, type Resource, type Resources } from '../../translate/resources.ts';
import { translate } from '../../translate/translate.ts';
import type { ConfigurationJson } from './api-types.ts';
import { ConfigurationWriter, keepMs, noTraefikConfiguration } from './configuration-json.ts';

/** A clock whose timers fire when they are told to. */
class HeldClock implements Clock {
  readonly timers = new Set<{ readonly delayMs: number; readonly action: () => void }>();

  now(): number {
    return 0;
  }

  after(delayMs: number, action: () => void): { cancel(): void } {
    const timer = { delayMs, action };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  fire(): void {
    for (const timer of this.timers) timer.action();
    this.timers.clear();
  }
}

const none: ReadonlyMap<string, Resource> = new Map();

/** A resource without content: enough to be decoded. */
function cluster(name: string): Resource {
  return { name, typeUrl: typeUrls.cluster, version: '1', bytes: new Uint8Array(), services: [] };
}

function clusters(...all: readonly Resource[]): Resources {
  return {
    [typeUrls.cluster]: new Map(all.map((each) => [each.name, each])),
    [typeUrls.endpoints]: none,
    [typeUrls.listener]: none,
    [typeUrls.routes]: none,
    [typeUrls.scopedRoutes]: none,
    [typeUrls.extensions]: none,
  };
}

function written(writer: ConfigurationWriter, resources: Resources | undefined): unknown {
  return JSON.parse([...writer.pieces(resources)].join(''));
}

test('resources are written as `maesh translate` shows them', () => {
  const endpoint = {
    address: '10.0.0.1',
    otherAddresses: [],
    port: 80,
    pod: undefined,
    node: undefined,
    zone: undefined,
  };
  const ports: ServicePort[] = (['http', 'tcp', 'udp'] as const).map((traffic, index) => ({
    key: `store/shop/${index}`,
    name: traffic,
    port: 80 + index,
    traffic,
    upstream: 'auto',
    upstreamTls: false,
    meshPort: standalonePorts[traffic][0]?.first,
    localPort: undefined,
    endpoints: [endpoint],
  }));
  const service: Service = {
    key: 'store/shop',
    namespace: 'store',
    name: 'shop',
    ports,
    localAddress: '127.85.1.1',
  };
  const resources = translate(
    { services: new Map([[service.key, service]]), problems: [] },
    {
      meshAddress: '127.85.0.1',
      ports: standalonePorts,
      readiness: { address: '127.85.0.1', port: 1081 },
      hostPort: undefined,
    },
  );
  const json = written(new ConfigurationWriter(new HeldClock()), resources);
  const expected: ConfigurationJson = { http: noTraefikConfiguration, ...resourcesToJson(resources) };
  assert.deepEqual(json, expected);
  assert.deepEqual(Object.keys(expected), Object.keys(json));
  assert.ok(expected.clusters.length >= 3);
});

test('no resources are written as empty lists', () => {
  const writer = new ConfigurationWriter(new HeldClock());
  assert.deepEqual(written(writer, undefined), {
    http: noTraefikConfiguration,
    listeners: [],
    routes: [],
    scopedRoutes: [],
    clusters: [],
    endpoints: [],
  });
});

test('a resource is decoded once while people ask, and its text forgotten after', () => {
  const clock = new HeldClock();
  const writer = new ConfigurationWriter(clock);
  const decoded: string[] = [];
  const watched = (name: string): Resource =>
    Object.defineProperty(cluster(name), 'bytes', {
      get: () => {
        decoded.push(name);
        return new Uint8Array();
      },
    });
  const [one, other] = [watched('one'), watched('other')];
  const first = written(writer, clusters(one));
  assert.deepEqual(written(writer, clusters(one)), first);
  written(writer, clusters(one, other));
  assert.deepEqual(decoded, ['one', 'other']);
  assert.deepEqual(
    [...clock.timers].map(({ delayMs }) => delayMs),
    [keepMs],
  );
  clock.fire();
  written(writer, clusters(one));
  assert.deepEqual(decoded, ['one', 'other', 'one']);
});
