import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kubeSplit } from '../../../test/kit/smi-objects.ts';
import type { Problem } from '../../model/problem.ts';
import type { Endpoint, Service, Topology } from '../../model/topology.ts';
import type { TopologyJson } from './api-types.ts';
import { problemJson, topologyPieces } from './topology-json.ts';

function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { address, otherAddresses: [], port: 80, pod: undefined, node: undefined, zone: undefined, ...more };
}

function service(name: string, more: Partial<Service> = {}): Service {
  return { key: `store/${name}`, namespace: 'store', name, ports: [], localAddress: undefined, ...more };
}

function topologyOf(services: readonly Service[], problems: readonly Problem[] = []): Topology {
  return { services: new Map(services.map((each) => [each.key, each])), problems };
}

function problem(kind: string, name: string, message: string): Problem {
  return {
    code: 'MAESH_DOCUMENT_BROKEN',
    subject: { kind, namespace: 'store', name },
    message,
    advice: 'Mend it',
  };
}

function written(topology?: Topology): unknown {
  return JSON.parse([...topologyPieces(topology)].join(''));
}

test('a topology is written with services, ports and endpoints', () => {
  const shop = service('shop', {
    localAddress: '127.85.1.1',
    ports: [
      {
        key: 'store/shop/80',
        name: 'web',
        port: 80,
        traffic: 'http',
        upstream: 'auto',
        upstreamTls: false,
        policy: {
          retryAttempts: 2,
          circuitBreaker: {
            kind: 'comparison',
            measure: { kind: 'network-errors' },
            operator: '>',
            value: 0.5,
          },
        },
        meshPort: 20_000,
        localPort: 80,
        splits: [{ backends: [{ key: 'store/till/80', weight: 1 }] }],
        access: [{ sources: ['front/web'], destination: 'store/shop' }],
        endpoints: [
          endpoint('10.0.0.1', { otherAddresses: ['fd00::1'], pod: 'store/shop-0', node: 'one', zone: 'a' }),
          endpoint('10.0.0.2'),
        ],
      },
      {
        key: 'store/shop/53/udp',
        name: 'dns',
        port: 53,
        traffic: 'udp',
        upstream: 'auto',
        upstreamTls: true,
        meshPort: undefined,
        localPort: undefined,
        endpoints: [],
      },
    ],
  });
  assert.deepEqual(written(topologyOf([shop, service('till')])), {
    services: {
      'shop@store': {
        name: 'shop',
        namespace: 'store',
        localAddress: '127.85.1.1',
        errors: [],
        ports: [
          {
            name: 'web',
            port: 80,
            protocol: 'TCP',
            traffic: 'http',
            upstream: 'auto',
            upstreamTls: false,
            policy: { retryAttempts: 2, circuitBreaker: 'NetworkErrorRatio() > 0.5' },
            meshPort: 20_000,
            localPort: 80,
            splits: [{ matches: null, backends: [{ service: 'till@store', port: 80, weight: 1 }] }],
            access: [{ sources: ['web@front'], matches: null, destination: 'shop@store' }],
            endpoints: [
              {
                address: '10.0.0.1',
                port: 80,
                otherAddresses: ['fd00::1'],
                pod: 'shop-0@store',
                node: 'one',
                zone: 'a',
              },
              { address: '10.0.0.2', port: 80, otherAddresses: [], pod: null, node: null, zone: null },
            ],
          },
          {
            name: 'dns',
            port: 53,
            protocol: 'UDP',
            traffic: 'udp',
            upstream: 'auto',
            upstreamTls: true,
            policy: null,
            meshPort: null,
            localPort: null,
            splits: [],
            access: null,
            endpoints: [],
          },
        ],
      },
      'till@store': { name: 'till', namespace: 'store', localAddress: null, errors: [], ports: [] },
    },
    trafficSplits: {},
    problems: [],
  });
});

test('problems stand whole in the list, and by their messages at the services that they are about', () => {
  const problems = [
    problem('Pod', 'shop', 'A pod of that name'),
    problem('Service', 'shop', 'First'),
    problem('Service', 'shop', 'Second'),
  ];
  const json = written(topologyOf([service('shop'), service('till')], problems)) as {
    services: Record<string, { errors: string[] }>;
    problems: unknown[];
  };
  assert.deepEqual(json.services['shop@store']?.errors, ['First', 'Second']);
  assert.deepEqual(json.services['till@store']?.errors, []);
  assert.deepEqual(json.problems, problems.map(problemJson));
});

test('a TrafficSplit is written as it says, with the messages of its problems', () => {
  const splits = [kubeSplit({ routeGroups: ['of-testers'] }), kubeSplit({ name: 'shop', backends: [] })];
  const trafficSplits = new Map(splits.map((split) => [`store/${split.name}`, split]));
  const problems = [problem('Service', 'shop', 'Of the service'), problem('TrafficSplit', 'canary', 'First')];
  const json = written({ ...topologyOf([], problems), trafficSplits }) as TopologyJson;
  assert.deepEqual(json.trafficSplits, {
    'canary@store': {
      name: 'canary',
      namespace: 'store',
      service: 'shop@store',
      backends: [
        { service: 'shop-v1@store', weight: 90 },
        { service: 'shop-v2@store', weight: 10 },
      ],
      routeGroups: ['of-testers@store'],
      errors: ['First'],
    },
    'shop@store': {
      name: 'shop',
      namespace: 'store',
      service: 'shop@store',
      backends: [],
      routeGroups: [],
      errors: [],
    },
  });
});

test('no topology is written as an empty one', () => {
  assert.deepEqual(written(), { services: {}, trafficSplits: {}, problems: [] });
});

test('problemJson() says where an object was read, if it was read in a file', () => {
  const subject = {
    kind: 'Service',
    namespace: 'store',
    name: 'shop',
    origin: { file: 'mesh/shop.yaml', line: 3 },
  };
  const json = {
    code: 'MAESH_DOCUMENT_BROKEN',
    kind: 'Service',
    namespace: 'store',
    name: 'shop',
    message: 'M',
    advice: 'Mend it',
  };
  assert.deepEqual(problemJson({ ...problem('Service', 'shop', 'M'), subject }), {
    ...json,
    file: 'mesh/shop.yaml',
    line: 3,
  });
  assert.deepEqual(problemJson(problem('Service', 'shop', 'M')), { ...json, file: null, line: null });
});

test('a service with very many endpoints is written in short pieces', () => {
  const endpoints = Array.from({ length: 20_000 }, (_, index) =>
    endpoint(`10.0.${index >> 8}.${index & 255}`),
  );
  const huge = service('huge', {
    ports: [
      {
        key: 'store/huge/1',
        name: '',
        port: 1,
        traffic: 'tcp',
        upstream: 'auto',
        upstreamTls: false,
        meshPort: 1,
        localPort: undefined,
        endpoints,
      },
    ],
  });
  const pieces = [...topologyPieces(topologyOf([huge]))];
  assert.ok(pieces.length > 200);
  for (const piece of pieces) assert.ok(piece.length < 20_000);
});
