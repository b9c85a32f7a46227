import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildTopology, TopologyBuilder, type ModelOptions } from '../../src/model/build.ts';
import { objectKey } from '../../src/model/key.ts';
import type { KubeObject } from '../../src/model/objects.ts';
import { standalonePorts } from '../../src/model/ports.ts';
import type { Topology } from '../../src/model/topology.ts';
import { kubeEndpoint, kubeEndpoints, kubePod, kubeService, kubeSlice, put, take } from '../kit/objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../kit/smi-objects.ts';

const options: ModelOptions = {
  defaultMode: 'http',
  ports: standalonePorts,
  addresses: { first: 100, last: 200 },
};

const name = fc.constantFrom('a', 'b', 'c');
const namespace = fc.constantFrom('n', 'm');
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1');
const portName = fc.constantFrom('', 'web', 'admin');
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const);
const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('x', 'y'));
const annotations = fc.constantFrom<Record<string, string>>(
  {},
  { 'mesh.traefik.io/traffic-type': 'tcp' },
  { 'mesh.traefik.io/traffic-type': 'udp' },
  { 'mesh.traefik.io/traffic-type.81': 'udp', 'maesh.containo.us/retry-attempts': '2' },
  { 'mesh.traefik.io/retry-attempts': '2', 'mesh.traefik.io/ratelimit-average': '5' },
  { 'mesh.traefik.io/circuit-breaker-expression': 'NetworkErrorRatio() > 0.5' },
);

const service = fc
  .record({
    name,
    namespace,
    annotations,
    selector: fc.option(labels, { nil: undefined }),
    type: fc.constantFrom('ClusterIP' as const, 'ClusterIP' as const, 'ExternalName' as const),
    ports: fc.uniqueArray(
      fc.record({
        name: portName,
        port: fc.constantFrom(80, 81),
        protocol,
        targetPort: fc.constantFrom(8080),
      }),
      { selector: (port) => `${port.port} ${port.protocol}` },
    ),
  })
  .map((given) => kubeService(given));
const endpointPorts = fc.uniqueArray(
  fc.record({
    name: portName,
    port: fc.constantFrom(8080, 9090),
    protocol,
    appProtocol: fc.constant(undefined),
  }),
  { selector: (port) => port.name },
);
const endpoint = fc
  .record({
    addresses: fc.array(address, { minLength: 1, maxLength: 2 }),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    pod: fc.option(name, { nil: undefined }),
  })
  .map((given) => kubeEndpoint(given));
const slice = fc
  .record({
    name,
    namespace,
    service: name,
    endpoints: fc.array(endpoint, { maxLength: 3 }),
    ports: endpointPorts,
  })
  .map((given) => kubeSlice(given));
const endpoints = fc
  .record({
    name,
    namespace,
    subsets: fc.array(
      fc.record({
        addresses: fc.array(
          fc.record({ ip: address, nodeName: fc.constant(undefined), pod: fc.constant(undefined) }),
        ),
        notReadyAddresses: fc.constant([]),
        ports: endpointPorts,
      }),
      { maxLength: 2 },
    ),
  })
  .map((given) => kubeEndpoints(given));
const pod = fc
  .record({
    name,
    namespace,
    labels,
    serviceAccount: name,
    ips: fc.uniqueArray(address, { maxLength: 2 }),
    ready: fc.boolean(),
    terminating: fc.boolean(),
    finished: fc.boolean(),
  })
  .map((given) => kubePod(given));
const split = fc
  .record({
    name: fc.constantFrom('s', 't', 'u'),
    namespace,
    service: name,
    backends: fc.array(fc.record({ service: name, weight: fc.integer({ min: -1, max: 3 }) }), {
      maxLength: 3,
    }),
    routeGroups: fc.subarray(['g', 'h'], { maxLength: 1 }),
  })
  .map((given) => kubeSplit(given));
const routeGroup = fc
  .record({
    name: fc.constantFrom('g', 'h'),
    namespace,
    matches: fc.array(fc.record({ methods: fc.subarray(['GET', '*']) }), { maxLength: 2 }),
  })
  .map((given) => kubeRouteGroup(given));
const account = fc.record({ kind: fc.constantFrom('ServiceAccount', 'User'), name, namespace });
const target = fc
  .record({
    name,
    namespace,
    destination: account,
    port: fc.constantFrom(undefined, 80, 8080),
    sources: fc.array(account, { maxLength: 2 }),
    rules: fc.array(
      fc.record({
        kind: fc.constantFrom('HTTPRouteGroup', 'TCPRoute', 'UDPRoute'),
        name: fc.constantFrom('g', 'h'),
        matches: fc.constant([]),
      }),
      { maxLength: 2 },
    ),
  })
  .map((given) => kubeTarget(given));
const portRoute: fc.Arbitrary<KubeObject> = fc.record({
  kind: fc.constantFrom('TCPRoute', 'UDPRoute'),
  name: fc.constantFrom('g', 'h'),
  namespace,
  labels: fc.constant({}),
  ports: fc.constantFrom([], [80]),
});
const object: fc.Arbitrary<KubeObject> = fc.oneof(
  service,
  slice,
  endpoints,
  pod,
  split,
  routeGroup,
  target,
  portRoute,
);
const step = fc.array(fc.record({ object, isGone: fc.boolean() }), { maxLength: 6 });

function withoutHandouts(topology: Topology): unknown {
  return {
    problems: topology.problems,
    callers: topology.callers && [...topology.callers],
    services: [...topology.services.values()].map((one) => ({
      ...one,
      localAddress: undefined,
      ports: one.ports.map((port) => ({ ...port, meshPort: undefined, localPort: undefined })),
    })),
  };
}

describe('the topology', () => {
  it('is the same built step by step as from scratch, save for which numbers were handed out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, isAccessControlled) => {
        const given = { ...options, isAccessControlled };
        const builder = new TopologyBuilder(given);
        const objects = new Map<string, KubeObject>();
        for (const changes of steps) {
          const last = builder.build();
          for (const { object: one, isGone } of changes) {
            const id = `${one.kind} ${objectKey(one.namespace, one.name)}`;
            if (isGone) objects.delete(id);
            else objects.set(id, one);
          }
          builder.apply({
            changes: changes.map((change) => (change.isGone ? take(change.object) : put(change.object))),
            problems: [],
          });
          const next = builder.build();
          const scratch = buildTopology(objects.values(), given);
          assert.deepEqual(withoutHandouts(next), withoutHandouts(scratch));
          for (const [key, before] of last.services) {
            const after = next.services.get(key);
            assert.equal(after?.localAddress ?? before.localAddress, before.localAddress, 'addresses stay');
            if (after !== before) assert.notDeepEqual(after, before, 'what is equal keeps its reference');
          }
          const meshPorts = [...next.services.values()].flatMap(({ ports }) =>
            ports.map(({ meshPort, traffic }) => `${traffic} ${meshPort}`),
          );
          assert.equal(new Set(meshPorts).size, meshPorts.length, 'a mesh port stands for one service port');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('splits only between ports that are served alike, and gives nobody a part of nothing', () => {
    fc.assert(
      fc.property(fc.array(object, { maxLength: 30 }), (objects) => {
        const { services } = buildTopology(objects, options);
        const ports = new Map(
          [...services.values()].flatMap((one) => one.ports.map((port) => [port.key, port])),
        );
        for (const port of ports.values()) {
          for (const { backends, matches } of port.splits ?? []) {
            assert.ok(port.traffic === 'http' || matches === undefined);
            assert.ok(backends.length > 0);
            assert.equal(new Set(backends.map(({ key }) => key)).size, backends.length);
            for (const { key, weight, endpoints: given } of backends) {
              const backend = ports.get(key);
              assert.notEqual(backend, port);
              assert.notEqual(backend?.meshPort, undefined);
              assert.equal(backend?.traffic, port.traffic);
              assert.deepEqual(given, port.traffic === 'http' ? undefined : backend.endpoints);
              assert.ok(weight > 0);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of the objects', () => {
    const set = fc.uniqueArray(object, { selector: (one) => `${one.kind} ${one.namespace}/${one.name}` });
    fc.assert(
      fc.property(set, fc.infiniteStream(fc.nat()), (objects, stream) => {
        const ranks: Iterator<number, undefined> = stream;
        const shuffled = objects
          .map((one) => ({ one, rank: ranks.next().value ?? 0 }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ one }) => one);
        const controlled = { ...options, isAccessControlled: true };
        assert.deepEqual(buildTopology(shuffled, controlled), buildTopology(objects, controlled));
      }),
    );
  });
});
