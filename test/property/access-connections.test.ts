// Access control of TCP and UDP: whoever is denied by the TrafficTargets finds no way through what proxies are told. What is
// allowed is worked out here a second time, from the manifests and in the plainest way.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildTopology, TopologyBuilder } from '../../src/model/build.ts';
import type { KubeObject, KubePod, KubeTrafficSplit, KubeTrafficTarget } from '../../src/model/objects.ts';
import type { Service, ServicePort, Topology } from '../../src/model/topology.ts';
import { type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator, translate } from '../../src/translate/translate.ts';
import { ConnectionWalk } from '../kit/connection-walk.ts';
import { testSettings } from '../kit/mesh.ts';
import { kubePod, kubeService, put, take } from '../kit/objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../kit/smi-objects.ts';

const settings = testSettings('127.113.0.0/16', true);

const account = fc.constantFrom('a', 'b', 'c');
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::5', 'fd00::6'];
const app = fc.constantFrom('s', 't', 'u');

const parts = {
  traffic: fc.constantFrom('tcp' as const, 'udp' as const),
  pods: fc.array(
    fc.record({
      app,
      serviceAccount: account,
      address: fc.constantFrom(...addresses),
      finished: fc.constantFrom(false, false, true),
    }),
    { maxLength: 8 },
  ),
  targets: fc.array(
    fc.record({
      destination: account,
      port: fc.constantFrom(undefined, 7000, 7001, 8000),
      sources: fc.uniqueArray(account, { minLength: 1, maxLength: 2 }),
      rules: fc.subarray(['http', 'missing', 'all', 'one']),
    }),
    { maxLength: 5 },
  ),
  split: fc.option(fc.record({ s: fc.integer({ min: 0, max: 2 }), t: fc.integer({ min: 0, max: 2 }) }), {
    nil: undefined,
  }),
};

const world = fc.record(parts);

/** What becomes different in a world; mostly one thing. */
const change: fc.Arbitrary<Partial<World>> = fc.oneof(
  fc.record({ pods: parts.pods }),
  fc.record({ targets: parts.targets }),
  fc.record({ split: parts.split }),
  world,
);

type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

interface Objects {
  readonly pods: readonly KubePod[];
  readonly targets: readonly KubeTrafficTarget[];
  readonly splits: readonly KubeTrafficSplit[];
  readonly others: readonly KubeObject[];
}

const identity = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'store' });

/** Services of ports 7000 and 7001, which are 8000 and 8001 on the pods. */
function objectsOf({ traffic, pods, targets, split }: World): Objects {
  const protocol = traffic === 'tcp' ? 'TCP' : 'UDP';
  const kind = traffic === 'tcp' ? 'TCPRoute' : 'UDPRoute';
  const route = (name: string, ...ports: readonly number[]): KubeObject => ({
    kind,
    namespace: 'store',
    name,
    labels: {},
    ports,
  });
  return {
    pods: pods.map(({ app: label, address, ...rest }, index) =>
      kubePod({ ...rest, name: `pod-${index}`, labels: { app: label }, ips: [address] }),
    ),
    targets: targets.map(({ destination, sources, rules, port }, index) =>
      kubeTarget({
        name: `target-${index}`,
        port,
        destination: identity(destination),
        sources: sources.map(identity),
        rules: rules.map((name) => ({ kind: name === 'http' ? 'HTTPRouteGroup' : kind, name, matches: [] })),
      }),
    ),
    splits:
      split === undefined
        ? []
        : [
            kubeSplit({
              service: 'u',
              backends: Object.entries(split).map(([service, weight]) => ({ service, weight })),
            }),
          ],
    others: [
      ...['s', 't', 'u'].map((name) =>
        kubeService({
          name,
          selector: { app: name },
          annotations: { 'mesh.traefik.io/traffic-type': traffic },
          ports: [7000, 7001].map((port) => ({ name: `p${port}`, port, protocol, targetPort: port + 1000 })),
        }),
      ),
      kubeRouteGroup({ name: 'http' }),
      route('all'),
      route('one', 7001),
    ],
  };
}

function listOf({ pods, targets, splits, others }: Objects): readonly KubeObject[] {
  return [...pods, ...targets, ...splits, ...others];
}

/** The service account that calls from an address: nobody's where pods of several have it. */
function callerAt(address: string, { pods }: Objects): string | undefined {
  const accounts = new Set(
    pods.filter(({ finished, ips }) => !finished && ips.includes(address)).map((pod) => pod.serviceAccount),
  );
  return accounts.size === 1 ? [...accounts][0] : undefined;
}

/** Pods of a service that may be called as this port of it. */
function openPods(
  objects: Objects,
  { name, from, port }: { readonly name: string; readonly from: string; readonly port: number },
): readonly KubePod[] {
  const caller = callerAt(from, objects);
  return objects.pods.filter(
    (pod) =>
      pod.labels['app'] === name &&
      !pod.finished &&
      objects.targets.some(
        (each) =>
          each.destination.name === pod.serviceAccount &&
          each.sources.some((source) => source.name === caller) &&
          [undefined, port, port + 1000].includes(each.port) &&
          (each.rules.length === 0 ||
            each.rules.some((rule) => rule.name === 'all' || (rule.name === 'one' && port === 7001))),
      ),
  );
}

/** The pods that a caller reaches: of the root of a split those of the backends, if each of them lets the caller in. */
function wantedPods(
  objects: Objects,
  call: { readonly service: Service; readonly from: string; readonly port: ServicePort },
): readonly KubePod[] {
  const { service, from, port } = call;
  const names = port.splits?.[0]?.backends.map(({ key }) => key.split('/')[1] ?? '') ?? [service.name];
  const open = names.map((name) => openPods(objects, { name, from, port: port.port }));
  return open.every((pods) => pods.length > 0) ? open.flat() : [];
}

function content(resources: Resources): unknown {
  return Object.values(typeUrls).map((typeUrl) =>
    [...resources[typeUrl]].map(([name, { bytes }]) => ({ name, bytes })),
  );
}

for (const closesForbidden of [false, true]) {
  describe(`access control of connections that are ${closesForbidden ? 'closed' : 'kept'} when forbidden`, () => {
    const options = { ...settings.translate, closesForbidden };

    it('lets nobody through whom no TrafficTarget lets in, and everybody else to all pods that are meant', () => {
      fc.assert(
        fc.property(world, (given) => {
          const objects = objectsOf(given);
          const topology = buildTopology(listOf(objects), settings.model);
          const walk = new ConnectionWalk(translate(topology, options));
          for (const service of topology.services.values()) {
            for (const port of service.ports) {
              for (const from of [...addresses, '10.9.9.9']) {
                const wanted = new Set(
                  wantedPods(objects, { service, from, port }).map(
                    ({ ips }) => `${ips[0]}:${port.port + 1000}`,
                  ),
                );
                for (const to of placesOf(service, port)) {
                  const reached = walk.reached({ traffic: given.traffic, from, to });
                  assert.deepEqual(
                    [...reached].filter((each) => !wanted.has(each)),
                    [],
                    `${from} must not reach these of ${port.key}`,
                  );
                  // Of pods at one address, one is the endpoint.
                  if (hasOwnAddresses(objects)) assert.deepEqual(reached, wanted, `${from} to ${port.key}`);
                }
              }
            }
          }
        }),
        { numRuns: 150 },
      );
    });

    it('is the same step by step as from scratch', () => {
      fc.assert(
        fc.property(world, fc.array(change, { minLength: 1, maxLength: 6 }), (first, changes) => {
          const builder = new TopologyBuilder(settings.model);
          const translator = createTranslator(options);
          const given = { ...first };
          let last: readonly KubeObject[] = [];
          for (const each of [{}, ...changes]) {
            Object.assign(given, each);
            const next = listOf(objectsOf(given));
            builder.apply({ changes: [...last.map(take), ...next.map(put)], problems: [] });
            last = next;
            const topology: Topology = builder.build();
            assert.deepEqual(content(translator(topology)), content(translate(topology, options)));
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}

function placesOf({ localAddress }: Service, { meshPort, localPort }: ServicePort) {
  assert.ok(meshPort !== undefined && localAddress !== undefined);
  return [
    { address: settings.translate.meshAddress, port: meshPort },
    ...(localPort === undefined ? [] : [{ address: localAddress, port: localPort }]),
  ];
}

function hasOwnAddresses({ pods }: Objects): boolean {
  const running = pods.filter(({ finished }) => !finished);
  return new Set(running.map(({ ips }) => ips[0])).size === running.length;
}
