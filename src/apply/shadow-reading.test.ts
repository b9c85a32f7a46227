import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ApiObject } from '../kube/api-object.ts';
import {
  differenceOf,
  isOfOtherFamily,
  readShadow,
  type Difference,
  type FoundShadow,
} from './shadow-reading.ts';
import { shadowManifest, type Shadow } from './shadow.ts';

const shadow: Shadow = {
  name: 'maesh-shop-6d61657368-store',
  service: 'store/shop',
  ports: [
    { name: 'a', port: 79, protocol: 'TCP', meshPort: 5001 },
    { name: 'web', port: 80, protocol: 'TCP', meshPort: 5000 },
  ],
  trafficDistribution: 'PreferSameNode',
  ipFamilies: ['IPv4'],
};

interface Given {
  readonly metadata?: object;
  readonly spec?: object;
}

/** The shadow Service as a server has it, with what the server fills in, and what is given otherwise. */
function served({ metadata, spec }: Given = {}): ApiObject {
  const manifest = shadowManifest(shadow, 'maesh');
  return {
    metadata: { ...manifest.metadata, uid: 'u', resourceVersion: '7', ...metadata },
    spec: { ...manifest.spec, clusterIP: '10.96.0.7', sessionAffinity: 'None', ...spec },
  };
}

function read(object: ApiObject): FoundShadow {
  const found = readShadow('maesh', object);
  assert.ok(found);
  return found;
}

const ports = [
  { name: 'a', port: 79, protocol: 'TCP', targetPort: 5001 },
  { name: 'web', port: 80, protocol: 'TCP', targetPort: 5000 },
];

describe('readShadow', () => {
  it('reads what the mesh has to know', () => {
    const { said: _, ...found } = read(served());
    const { name, service } = shadow;
    assert.deepEqual(found, {
      name,
      service,
      uid: 'u',
      resourceVersion: '7',
      ports: shadow.ports,
      resting: [],
    });
  });

  it('reads one that the original has left', () => {
    const found = read(
      served({
        metadata: { annotations: undefined },
        spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 5000, name: '' }] },
      }),
    );
    assert.equal(found.service, 'store/shop');
    assert.deepEqual(found.ports, [{ name: '', port: 80, protocol: 'TCP', meshPort: 5000 }]);
  });

  it('fills in what a server may leave out', () => {
    const found = read(
      served({
        metadata: { labels: null, annotations: null },
        spec: { ports: [{ port: 80, targetPort: 9 }] },
      }),
    );
    assert.deepEqual(found.ports, [{ name: '', port: 80, protocol: 'TCP', meshPort: 9 }]);
    assert.deepEqual(read(served({ spec: { ports: null } })).ports, []);
  });

  it('passes over ports that lead to no mesh port', () => {
    const strange = [
      { port: 1, targetPort: 'web' },
      { port: 2 },
      { port: 3, protocol: 'SCTP', targetPort: 3 },
    ];
    assert.deepEqual(read(served({ spec: { ports: [...strange, ...ports] } })).ports, shadow.ports);
  });

  it('reads nothing that no server sends', () => {
    const broken = [
      { spec: { ports: 'all' } },
      { metadata: { uid: undefined } },
      { metadata: { labels: { app: 1 } } },
    ];
    assert.deepEqual(
      broken.map((given) => readShadow('maesh', served(given))),
      [undefined, undefined, undefined],
    );
    const { metadata } = served();
    assert.equal(readShadow('maesh', { metadata }), undefined);
  });
});

describe('isOfOtherFamily', () => {
  const isOther = (families: unknown, ...ipFamilies: Shadow['ipFamilies']): boolean =>
    isOfOtherFamily(read(served({ spec: { ipFamilies: families } })), { ...shadow, ipFamilies });

  it('says so of one whose first family is not the only one that it should be of', () => {
    assert.ok(isOther(['IPv6'], 'IPv4'));
    assert.ok(isOther(['IPv6', 'IPv4'], 'IPv4'));
    assert.ok(!isOther(['IPv4'], 'IPv4'));
    assert.ok(!isOther(['IPv4', 'IPv6'], 'IPv4'));
  });

  it('says so of none where there may be any', () => {
    assert.ok(!isOther(['IPv6'], 'IPv4', 'IPv6'));
    assert.ok(!isOther(['IPv6']));
    assert.ok(!isOther(undefined));
  });
});

describe('differenceOf', () => {
  const differences: readonly (readonly [string, Difference | undefined, Given])[] = [
    ['nothing', undefined, {}],
    ['the order of ports', undefined, { spec: { ports: ports.toReversed() } }],
    ['what is not the mesh’s to say', undefined, { spec: { internalTrafficPolicy: 'Local' } }],
    [
      'a label and an annotation of others',
      undefined,
      {
        metadata: {
          labels: { app: 'maesh', type: 'shadow', team: 'x' },
          annotations: { 'mesh.traefik.io/shadow-of': 'store/shop', note: 'x' },
        },
      },
    ],
    ['a label', 'fields', { metadata: { labels: { app: 'maesh' } } }],
    ['an annotation', 'fields', { metadata: { annotations: {} } }],
    ['the type', 'fields', { spec: { type: 'NodePort' } }],
    ['a selector that selects more', 'fields', { spec: { selector: {} } }],
    ['a selector that selects less', 'fields', { spec: { selector: { component: 'maesh-mesh', a: 'b' } } }],
    ['the traffic distribution', 'fields', { spec: { trafficDistribution: undefined } }],
    ['a second IP family', 'fields', { spec: { ipFamilies: ['IPv4', 'IPv6'] } }],
    ['a mesh port', 'fields', { spec: { ports: [ports[0], { ...ports[1], targetPort: 5002 }] } }],
    ['the name of a port', 'fields', { spec: { ports: [ports[0], { ...ports[1], name: 'x' }] } }],
    ['a port that lacks', 'fields', { spec: { ports: [ports[0]] } }],
    ['a port in place of another', 'fields', { spec: { ports: [ports[0], { ...ports[1], port: 81 }] } }],
    ['a strange port', 'ports', { spec: { ports: [...ports, { name: 'x', port: 81, targetPort: 'x' }] } }],
    ['a further port', 'ports', { spec: { ports: [...ports, { name: 'x', port: 81, targetPort: 5002 }] } }],
  ];
  for (const [what, difference, given] of differences) {
    it(`finds ${difference ?? 'nothing wrong'} where what differs is ${what}`, () => {
      assert.equal(differenceOf(read(served(given)), shadow, 'maesh'), difference);
    });
  }

  it('does not mind which IP family is the first, nor that there is only one, where there may be two', () => {
    const both: Shadow = { ...shadow, ipFamilies: ['IPv6', 'IPv4'] };
    const given = (ipFamilies: readonly string[]): Given => ({
      spec: { ipFamilies, ipFamilyPolicy: 'PreferDualStack' },
    });
    for (const families of [['IPv4'], ['IPv6'], ['IPv4', 'IPv6']]) {
      assert.equal(differenceOf(read(served(given(families))), both, 'maesh'), undefined);
    }
  });

  it('does not mind a traffic distribution where the server is told none', () => {
    const found = read(served());
    assert.equal(differenceOf(found, { ...shadow, trafficDistribution: undefined }, 'maesh'), undefined);
  });
});
