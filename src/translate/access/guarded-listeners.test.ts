import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testSettings } from '../../../test/kit/mesh.ts';
import { meshService, meshTopology } from '../../../test/kit/topologies.ts';
import type { ObjectKey } from '../../model/key.ts';
import type { AccessRule, Service, Topology } from '../../model/topology.ts';
import { type Resources, typeUrls } from '../resources.ts';
import { createTranslator } from '../translate.ts';

const options = testSettings('127.113.0.0/16', true).translate;

/** A TCP or UDP service of one port that lets accounts in. */
function letsIn(name: string, meshPort: number, traffic: 'tcp' | 'udp', ...sources: ObjectKey[]): Service {
  const access: readonly AccessRule[] = sources.length === 0 ? [] : [{ sources }];
  const service = meshService(`store/${name}`, [{ port: 7000, traffic, meshPort, access }], {
    localAddress: `127.113.1.${meshPort % 256}`,
  });
  return service;
}

function topology(services: readonly Service[], callers: Topology['callers']): Topology {
  return { ...meshTopology(services), callers: callers ?? new Map() };
}

/** Names of listeners that are not what they were. */
function changed(before: Resources, after: Resources): readonly string[] {
  const listeners = typeUrls.listener;
  const names = new Set([...before[listeners].keys(), ...after[listeners].keys()]);
  return [...names].filter((name) => before[listeners].get(name) !== after[listeners].get(name));
}

describe('listeners of TCP and UDP ports where access is controlled', () => {
  const services = [
    letsIn('a', 27_680, 'tcp', 'front/web'),
    letsIn('b', 27_681, 'tcp', 'front/cron'),
    letsIn('c', 28_000, 'tcp', 'front/cron'),
    letsIn('d', 20_000, 'udp', 'front/cron', 'front/web'),
    letsIn('e', 20_001, 'udp'),
  ];
  const web = ['10.0.0.1'];
  const cron = ['10.0.0.2'];

  it('change where callers come or go whom they let in, and nothing else does', () => {
    const translate = createTranslator(options);
    const before = translate(topology(services, new Map([['front/cron', cron]])));
    const after = translate(
      topology(
        services,
        new Map([
          ['front/cron', cron],
          ['front/web', web],
        ]),
      ),
    );
    assert.deepEqual(changed(before, after), [
      'entry/store/a/7000',
      'entry/store/d/7000/udp',
      'tcp/27680',
      'udp/20000',
    ]);
    for (const typeUrl of [typeUrls.cluster, typeUrls.endpoints, typeUrls.routes, typeUrls.scopedRoutes])
      assert.equal(after[typeUrl], before[typeUrl]);
  });

  it('stay as they are where endpoints change, and where callers do that are no source here', () => {
    const translate = createTranslator(options);
    const before = translate(topology(services, new Map([['front/cron', cron]])));
    const [first, ...others] = services;
    assert.ok(first !== undefined);
    const [port] = first.ports;
    assert.ok(port !== undefined);
    const endpoint = {
      address: '10.1.1.1',
      port: 1,
      otherAddresses: [],
      pod: undefined,
      node: undefined,
      zone: undefined,
    };
    const grown = { ...first, ports: [{ ...port, endpoints: [endpoint] }] };
    const callers = new Map([
      ['front/cron', cron],
      ['front/other', web],
    ]);
    const after = translate(topology([grown, ...others], callers));
    assert.equal(after[typeUrls.listener], before[typeUrls.listener]);
    assert.notEqual(after[typeUrls.endpoints], before[typeUrls.endpoints]);
  });

  it('close with the real port that they open', () => {
    const translate = createTranslator(options);
    const callers = new Map([['front/cron', cron]]);
    translate(topology(services, callers));
    const closed = services.map((service) => ({
      ...service,
      ports: service.ports.map((port) => ({ ...port, localPort: undefined })),
    }));
    const names = [...translate(topology(closed, callers))[typeUrls.listener].keys()];
    assert.deepEqual(names, ['host', 'ready', 'tcp/27680', 'tcp/28000', 'udp/20000', 'udp/20001']);
  });
});
