// Access control as a whole: whoever is denied by the TrafficTargets finds no way through what proxies are told. What is
// allowed is worked out here a second time, from the manifests and in the plainest way.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { buildTopology, TopologyBuilder } from '../../src/model/build.ts';
import type {
  KubeHttpRouteGroup,
  KubeObject,
  KubePod,
  KubeService,
  KubeTrafficSplit,
  KubeTrafficTarget,
} from '../../src/model/objects.ts';
import type { ServicePort } from '../../src/model/topology.ts';
import { type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator, translate } from '../../src/translate/translate.ts';
import { callerAt } from '../kit/connection-worlds.ts';
import { testSettings } from '../kit/mesh.ts';
import { kubePod, kubeService, put, take } from '../kit/objects.ts';
import { RouteWalk, type WalkedRequest } from '../kit/route-walk.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../kit/smi-objects.ts';

const settings = testSettings('127.111.0.0/16', true);

const account = fc.constantFrom('a', 'b', 'c');
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::4'];
const paths = ['/', '/x', '/x/../y', '/y', '/y?/x'];
const methods = ['GET', 'PUT'];

const pods = fc.array(
  fc.record({
    app: fc.constantFrom('s', 's', 't', 'u'),
    serviceAccount: account,
    address: fc.constantFrom(...addresses),
    finished: fc.constantFrom(false, false, false, true),
    hostNetwork: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 2, maxLength: 8 },
);

const match = fc.record({
  name: fc.constantFrom('m', 'n'),
  methods: fc.constantFrom([], [], ['GET'], ['*', 'PUT']),
  pathRegex: fc.constantFrom('', '/x', '/x.*', '/(x|y)$', '.*x'),
  headers: fc.constantFrom([], [{ name: 'k', regex: 'v|w' }]),
});

const target = fc.record({
  destination: account,
  port: fc.constantFrom(undefined, undefined, undefined, 80, 8081),
  sources: fc.uniqueArray(account, { minLength: 1 }),
  rules: fc.constantFrom([], [], ['g'], ['h'], ['g', 'h'], ['missing']),
  matches: fc.constantFrom([], ['m']),
});

const targets = fc.array(target, { minLength: 1, maxLength: 6 });
const matches = fc.array(match, { maxLength: 2 });

const world = fc.record({
  pods,
  targets,
  g: matches,
  h: matches,
  split: fc.option(fc.record({ s: fc.integer({ min: 0, max: 2 }), t: fc.integer({ min: 0, max: 2 }) }), {
    nil: undefined,
  }),
  isSplitConditional: fc.boolean(),
});

type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** What happens to a world at once: one thing, most often. */
const change: fc.Arbitrary<Partial<World>> = fc.oneof(
  fc.record({ targets }),
  fc.record({ g: matches }),
  fc.record({ pods }),
);

interface Objects {
  readonly services: readonly KubeService[];
  readonly pods: readonly KubePod[];
  readonly targets: readonly KubeTrafficTarget[];
  readonly groups: readonly KubeHttpRouteGroup[];
  readonly splits: readonly KubeTrafficSplit[];
}

const identity = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'store' });

function objectsOf(given: World): Objects {
  return {
    services: ['s', 't', 'u'].map((name) =>
      kubeService({
        name,
        selector: { app: name },
        ports: [
          { name: 'one', port: 80, targetPort: 8080 },
          { name: 'two', port: 81, targetPort: 8081 },
        ],
      }),
    ),
    pods: given.pods.map(({ app, address, ...rest }, index) =>
      kubePod({ ...rest, name: `pod-${index}`, labels: { app }, ips: [address] }),
    ),
    targets: given.targets.map(({ destination, sources, rules, matches, port }, index) =>
      kubeTarget({
        name: `target-${index}`,
        port,
        destination: identity(destination),
        sources: sources.map(identity),
        rules: rules.map((name) => ({ kind: 'HTTPRouteGroup', name, matches })),
      }),
    ),
    groups: [
      kubeRouteGroup({ name: 'g', matches: given.g }),
      kubeRouteGroup({ name: 'h', matches: given.h }),
    ],
    splits:
      given.split === undefined
        ? []
        : [
            kubeSplit({
              service: 'u',
              routeGroups: given.isSplitConditional ? ['g'] : [],
              backends: Object.entries(given.split).map(([service, weight]) => ({ service, weight })),
            }),
          ],
  };
}

/** Whether a pod may be called as this port of its service. */
function isAllowed(objects: Objects, pod: KubePod, port: number, request: WalkedRequest): boolean {
  const caller = callerAt(request.from, objects);
  return objects.targets.some((each) => {
    const isMeant = each.port === undefined || isPort(each.port, port);
    return (
      each.destination.name === pod.serviceAccount &&
      each.sources.some(({ name }) => name === caller) &&
      isMeant &&
      isRequestAllowed(objects, each, request)
    );
  });
}

/** 80 is 8080 on the pods, and 81 is 8081. */
function isPort(wanted: number, port: number): boolean {
  return wanted === port || wanted === port + 8000;
}

function isRequestAllowed(
  { groups }: Objects,
  { rules }: KubeTrafficTarget,
  request: WalkedRequest,
): boolean {
  if (rules.length === 0) return true;
  const path = request.path.split('?')[0] ?? '';
  return rules.some(({ name, matches }) =>
    (groups.find((group) => group.name === name)?.matches ?? [])
      .filter((each) => matches.length === 0 || matches.includes(each.name))
      .some(
        (each) =>
          (each.methods.length === 0 ||
            each.methods.includes('*') ||
            each.methods.includes(request.method)) &&
          (each.pathRegex === '' || (isPathFit(each.pathRegex, path) && !path.includes('/..'))) &&
          each.headers.every((header) => new RegExp(header.regex).test(request.headers[header.name] ?? '')),
      ),
  );
}

function isPathFit(regex: string, path: string): boolean {
  return new RegExp(`^/?(?:${regex})`).test(path);
}

const someRequest = fc.record({
  from: fc.constantFrom(...addresses, '10.9.9.9'),
  method: fc.constantFrom(...methods),
  path: fc.constantFrom(...paths),
  headers: fc.constantFrom<Record<string, string>>({}, { k: 'v' }, { k: 'z' }),
});

/** What is wrong with where a request to a port of a service may come; undefined where nothing is. */
function mistake(
  objects: Objects,
  { endpoints, port, splits }: ServicePort,
  sent: { readonly request: WalkedRequest; readonly reached: ReadonlySet<string> },
): string | undefined {
  const { request, reached } = sent;
  const podsAt = (at: string): readonly KubePod[] =>
    objects.pods.filter(({ ips, finished }) => !finished && at === `${ips[0]}:${port + 8000}`);
  const isOpen = (pod: KubePod): boolean => isAllowed(objects, pod, port, request);
  const denied = [...reached].find((at) => !podsAt(at).some(isOpen));
  if (denied !== undefined) return `must not reach ${denied}`;
  if (splits !== undefined) return undefined;
  const names = new Set(endpoints.map(({ pod }) => pod));
  const wanted = objects.pods.filter((pod) => names.has(`store/${pod.name}`)).some(isOpen);
  return wanted === reached.size > 0 ? undefined : `must ${wanted ? '' : 'not '}reach a pod`;
}

describe('access control', () => {
  it('lets nobody through whom no TrafficTarget lets in, and whom one lets in to a service of its own', () => {
    fc.assert(
      fc.property(world, fc.array(someRequest, { minLength: 1, maxLength: 12 }), (given, all) => {
        const objects = objectsOf(given);
        const list: readonly KubeObject[] = Object.values(objects).flat();
        const topology = buildTopology(list, settings.model);
        const walk = new RouteWalk(translate(topology, settings.translate));
        for (const port of topology.services.values().flatMap(({ ports }) => ports)) {
          const { meshPort, key } = port;
          assert.ok(meshPort !== undefined);
          for (const each of all) {
            const request: WalkedRequest = { ...each, meshPort };
            const found = mistake(objects, port, { request, reached: walk.reached(request) });
            assert.equal(found, undefined, `${key}: ${JSON.stringify(request)} ${found}`);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is told to proxies step by step as from scratch', () => {
    fc.assert(
      fc.property(world, fc.array(change, { maxLength: 6 }), (first, changes) => {
        const builder = new TopologyBuilder(settings.model);
        const translator = createTranslator(settings.translate);
        const given = { ...first };
        let before: readonly KubeObject[] = [];
        for (const next of [{}, ...changes]) {
          Object.assign(given, next);
          const objects: readonly KubeObject[] = Object.values(objectsOf(given)).flat();
          const gone = before.filter((old) => !objects.some((one) => isSameName(one, old)));
          const changed = objects.filter((one) => !before.some((old) => isDeepStrictEqual(one, old)));
          builder.apply({ changes: [...gone.map(take), ...changed.map(put)], problems: [] });
          before = objects;
          // The services are the same ones in every world, and so are their mesh ports.
          const scratch = translate(buildTopology(objects, settings.model), settings.translate);
          assert.deepEqual(versionsOf(translator(builder.build())), versionsOf(scratch));
        }
      }),
    );
  });
});

function isSameName(a: KubeObject, b: KubeObject): boolean {
  return a.kind === b.kind && a.name === b.name;
}

function versionsOf(resources: Resources): unknown {
  return Object.values(typeUrls).map((typeUrl) =>
    [...resources[typeUrl]].map(([name, { version }]) => `${name} ${version}`),
  );
}
