import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { emptyPortTable, type PortTable } from '../model/ports.ts';
import { noAnnotations } from '../model/annotations.ts';
import type { PortDraft, ServiceDraft } from '../model/services.ts';
import { recordedPorts, shadowManifest, shadowOf, type Shadow } from './shadow.ts';

function port(given: Partial<PortDraft> & { readonly port: number }): PortDraft {
  const suffix = given.traffic === 'udp' ? '/udp' : '';
  const key = `store/shop/${given.port}${suffix}`;
  return { key, name: '', traffic: 'http', upstream: 'auto', upstreamTls: false, endpoints: [], ...given };
}

function draft(ports: readonly PortDraft[], ipFamilies: ServiceDraft['ipFamilies'] = []): ServiceDraft {
  const rest = { annotations: noAnnotations, problems: [], isUnresolvable: false };
  return { namespace: 'store', name: 'shop', ports, ipFamilies, ...rest };
}

/** A table in which these ports are assigned, whatever their traffic type. */
function tableOf(assigned: Readonly<Record<string, number>>): PortTable {
  const slots = { assigned: new Map(Object.entries(assigned)), resting: new Set<number>() };
  return { http: slots, tcp: slots, udp: slots };
}

const mesh = { namespace: 'maesh', table: emptyPortTable, trafficDistribution: undefined };
const two = tableOf({ 'store/shop/80': 5000, 'store/shop/79': 5001 });

describe('shadowOf', () => {
  it('has the ports that have a mesh port, sorted, and no other', () => {
    const ports = [
      port({ port: 80, name: 'web' }),
      port({ port: 81, name: 'x' }),
      port({ port: 79, name: 'a' }),
    ];
    assert.deepEqual(shadowOf(draft(ports), { ...mesh, table: two }), {
      name: 'maesh-shop-6d61657368-store',
      service: 'store/shop',
      ports: [
        { name: 'a', port: 79, protocol: 'TCP', meshPort: 5001 },
        { name: 'web', port: 80, protocol: 'TCP', meshPort: 5000 },
      ],
      trafficDistribution: undefined,
      ipFamilies: [],
    });
  });

  it('is none where no port has a mesh port', () => {
    assert.equal(shadowOf(draft([port({ port: 80 })]), mesh), undefined);
    assert.equal(shadowOf(draft([]), { ...mesh, table: two }), undefined);
  });

  it('takes the mesh port of the traffic type of the port, which says the protocol too', () => {
    const slots = (number: number, key: string): PortTable['http'] => ({
      assigned: new Map([[key, number]]),
      resting: new Set(),
    });
    const table = {
      http: slots(5000, 'store/shop/80'),
      tcp: slots(10_000, 'store/shop/80'),
      udp: slots(15_000, 'store/shop/80/udp'),
    };
    const found = (['http', 'tcp', 'udp'] as const).map((traffic) => {
      const shadow = shadowOf(draft([port({ port: 80, traffic })]), { ...mesh, table });
      return shadow?.ports.map(({ protocol, meshPort }) => `${protocol} ${meshPort}`).join();
    });
    assert.deepEqual(found, ['TCP 5000', 'TCP 10000', 'UDP 15000']);
  });

  it('leaves a port alone without a name, and names ports where there are several', () => {
    const names = (ports: readonly PortDraft[]): readonly string[] | undefined =>
      shadowOf(draft(ports), { ...mesh, table: two })?.ports.map(({ name }) => name);
    assert.deepEqual(names([port({ port: 80 })]), ['']);
    assert.deepEqual(names([port({ port: 80 }), port({ port: 81 })]), ['']);
    assert.deepEqual(names([port({ port: 80 }), port({ port: 79, name: 'a' })]), ['a', 'port-80']);
  });
});

describe('shadowManifest', () => {
  const shadow: Shadow = {
    name: 'maesh-shop-6d61657368-store',
    service: 'store/shop',
    ports: [{ name: '', port: 80, protocol: 'TCP', meshPort: 5000 }],
    trafficDistribution: undefined,
    ipFamilies: [],
  };
  const spec = (given: Partial<Shadow>): Readonly<Record<string, unknown>> =>
    shadowManifest({ ...shadow, ...given }, 'maesh').spec;

  it('says what is the mesh’s to say, and nothing that is not known', () => {
    assert.deepEqual(shadowManifest(shadow, 'maesh'), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'maesh-shop-6d61657368-store',
        namespace: 'maesh',
        labels: { app: 'maesh', type: 'shadow' },
        annotations: { 'mesh.traefik.io/shadow-of': 'store/shop' },
      },
      spec: {
        type: 'ClusterIP',
        selector: { component: 'maesh-mesh' },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 5000 }],
      },
    });
  });

  it('names ports that have a name', () => {
    const ports = [{ name: 'dns', port: 53, protocol: 'UDP' as const, meshPort: 15_000 }];
    assert.deepEqual(spec({ ports })['ports'], [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 15_000 },
    ]);
  });

  it('says how near the proxy should be', () => {
    assert.equal(spec({ trafficDistribution: 'PreferClose' })['trafficDistribution'], 'PreferClose');
  });

  it('is of the IP families of the service', () => {
    const families = (...ipFamilies: Shadow['ipFamilies']): unknown => {
      const { ipFamilies: given, ipFamilyPolicy } = spec({ ipFamilies });
      return [given, ipFamilyPolicy];
    };
    assert.deepEqual(families('IPv6'), [['IPv6'], 'SingleStack']);
    assert.deepEqual(families('IPv6', 'IPv4'), [undefined, 'PreferDualStack']);
    assert.deepEqual(families(), [undefined, undefined]);
  });
});

describe('recordedPorts', () => {
  it('finds mesh ports by the key of the service port', () => {
    const ports = [
      { name: 'a', port: 53, protocol: 'TCP' as const, meshPort: 10_000 },
      { name: 'b', port: 53, protocol: 'UDP' as const, meshPort: 15_000 },
    ];
    assert.deepEqual(Object.fromEntries(recordedPorts('store/dns', { ports, resting: [] })), {
      'store/dns/53': 10_000,
      'store/dns/53/udp': 15_000,
    });
  });
});
