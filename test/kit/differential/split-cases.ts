// Cases of TrafficSplits: weights, matches, several of one service, nested ones, and mistakes.

import fc from 'fast-check';
import type {
  KubeHttpMatch,
  KubeObject,
  KubeServicePort,
  KubeSplitBackend,
} from '../../../src/model/objects.ts';
import { kubeRouteGroup, kubeSplit } from '../smi-objects.ts';
import { workload, type CaseMaker, type Probe, type Trait } from './case.ts';
import { podPorts, type PodName } from './pods.ts';
import { conditions, someMatch, someRequest } from './requests.ts';

const one: ReadonlyArray<Partial<KubeServicePort>> = [{ port: 80, targetPort: podPorts.http }];
const two = [...one, { port: 81, targetPort: podPorts.alt }];

/** What stands in a namespace: services `shop` (the root), `a`, `b` and `c`, each with pods of its own. */
interface World {
  readonly pods?: Partial<Record<ServiceName, readonly PodName[]>>;
  readonly ports?: Partial<Record<ServiceName, ReadonlyArray<Partial<KubeServicePort>>>>;
  readonly annotations?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
}

type ServiceName = 'shop' | 'a' | 'b' | 'c';

const usualPods: Readonly<Record<ServiceName, readonly PodName[]>> = {
  shop: ['p1', 'p2'],
  a: ['p3', 'p4'],
  b: ['p5'],
  c: ['p6', 'p7'],
};

function services(namespace: string, { pods, ports, annotations }: World): KubeObject[] {
  return (Object.keys(usualPods) as ServiceName[]).flatMap((name) =>
    workload(namespace, {
      name,
      pods: pods?.[name] ?? usualPods[name],
      ports: ports?.[name] ?? one,
      annotations: annotations?.[name] ?? {},
    }),
  );
}

/** A split of a case. */
interface GivenSplit {
  readonly service?: string;
  readonly backends: readonly KubeSplitBackend[];
  /** Each inner list is an HTTPRouteGroup of its own. */
  readonly matches?: ReadonlyArray<readonly KubeHttpMatch[]>;
}

interface SplitCase {
  readonly world?: World;
  readonly splits: readonly GivenSplit[];
  readonly probes: ReadonlyArray<Partial<Probe>>;
  readonly traits?: readonly Trait[];
}

function splitCase({ world = {}, splits, probes, traits = [] }: SplitCase): CaseMaker {
  return (namespace) => ({
    objects: [
      ...services(namespace, world),
      ...splits.flatMap(({ service = 'shop', backends, matches = [] }, index) => {
        const groups = matches.map((each, place) =>
          kubeRouteGroup({ namespace, name: `g${index}-${place}`, matches: each }),
        );
        return [
          kubeSplit({
            namespace,
            name: `s${index}`,
            service,
            backends,
            routeGroups: groups.map(({ name }) => name),
          }),
          ...groups,
        ];
      }),
    ],
    probes: probes.map((probe) => ({
      service: 'shop',
      port: 80,
      traffic: 'http',
      ...(splits.some(({ backends }) => backends.length > 1)
        ? { times: 60, isByChance: true }
        : { times: 8 }),
      host: `shop.${namespace}.traefik.mesh:${probe.port ?? 80}`,
      ...probe,
    })),
    traits: new Set(traits),
  });
}

const entrance = fc.constantFrom('mesh port' as const, 'host port' as const);
const weight = fc.constantFrom(1, 1, 2, 3);
const backend = (service: string): fc.Arbitrary<KubeSplitBackend> =>
  weight.map((each) => ({ service, weight: each }));
const ab = fc.tuple(backend('a'), backend('b'));

const byWeight = fc
  .record({
    backends: fc.oneof(ab, fc.tuple(backend('a'), backend('b'), backend('c')), fc.tuple(backend('a'))),
    more: fc.constantFrom<readonly KubeSplitBackend[]>(
      [],
      [],
      [{ service: 'c', weight: 0 }],
      [{ service: 'c', weight: -1 }],
      [{ service: 'a', weight: 2 }],
    ),
    entrance,
  })
  .map(({ backends, more, entrance: by }) =>
    splitCase({ splits: [{ backends: [...backends, ...more] }], probes: [{ entrance: by }] }),
  );

/** Without any backend at all, Traefik refused the whole configuration of the original, which is no case to compare. */
const nobody = fc
  .constantFrom<readonly KubeSplitBackend[]>(
    [{ service: 'a', weight: 0 }],
    [
      { service: 'a', weight: -1 },
      { service: 'b', weight: 0 },
    ],
    [
      { service: 'ghost', weight: 1 },
      { service: 'a', weight: 0 },
    ],
  )
  .map((backends) =>
    splitCase({ splits: [{ backends }], probes: [{ times: 8 }], traits: ['nobody has a weight'] }),
  );

const missing = fc
  .tuple(ab, weight)
  .map(([backends, ghost]) =>
    splitCase({ splits: [{ backends: [...backends, { service: 'ghost', weight: ghost }] }], probes: [{}] }),
  );

const twoPorts = fc.tuple(ab, fc.boolean()).map(([backends, isLacking]) =>
  splitCase({
    world: { ports: { shop: two, a: two, b: isLacking ? one : two } },
    splits: [{ backends }],
    probes: [{ port: 80 }, { port: 81 }],
    traits: isLacking ? ['backend lacks a port'] : [],
  }),
);

const withoutPods = fc.tuple(ab, fc.constantFrom<readonly PodName[]>([], ['dead1'])).map(([backends, pods]) =>
  splitCase({
    world: { pods: { b: pods } },
    splits: [{ backends }],
    probes: [{}],
  }),
);

const backendsAsk = fc
  .tuple(
    ab,
    fc.constantFrom<{ readonly asked: Readonly<Record<string, string>>; readonly traits: readonly Trait[] }>(
      { asked: { 'mesh.traefik.io/retry-attempts': '2' }, traits: [] },
      { asked: { 'maesh.containo.us/circuit-breaker-expression': 'NetworkErrorRatio() > 0.9' }, traits: [] },
      { asked: { 'mesh.traefik.io/retry-attempts': 'two' }, traits: ['bad annotation'] },
    ),
    fc.constantFrom<ServiceName>('b', 'shop'),
  )
  .map(([backends, { asked, traits }, who]) =>
    splitCase({
      world: { annotations: { [who]: asked } },
      splits: [{ backends }],
      probes: [{}],
      traits,
    }),
  );

const circle = fc
  .constantFrom<readonly GivenSplit[]>(
    [
      {
        backends: [
          { service: 'shop', weight: 1 },
          { service: 'a', weight: 1 },
        ],
      },
    ],
    [
      { backends: [{ service: 'a', weight: 1 }] },
      { service: 'a', backends: [{ service: 'shop', weight: 1 }] },
    ],
  )
  .map((splits) => splitCase({ splits, probes: [{ times: 8 }] }));

const toCircle = fc.constant(
  splitCase({
    splits: [
      { backends: [{ service: 'a', weight: 1 }] },
      { service: 'a', backends: [{ service: 'b', weight: 1 }] },
      { service: 'b', backends: [{ service: 'a', weight: 1 }] },
    ],
    probes: [{ times: 8 }],
    traits: ['leads to a circle'],
  }),
);

const nested = fc
  .tuple(ab, backend('b'), backend('c'))
  .map(([backends, ...further]) =>
    splitCase({ splits: [{ backends }, { service: 'a', backends: further }], probes: [{}] }),
  );

const nestedMatches = fc
  .tuple(someMatch, fc.array(someRequest, { minLength: 3, maxLength: 3 }))
  .map(([match, requests]) =>
    splitCase({
      splits: [
        { backends: [{ service: 'a', weight: 1 }] },
        { service: 'a', backends: [{ service: 'b', weight: 1 }], matches: [[match]] },
      ],
      probes: requests.map((request) => ({ ...request, times: 8 })),
      traits: ['nested with matches'],
    }),
  );

const someRequests = fc.array(someRequest, { minLength: 3, maxLength: 5 });
const someGroups = fc.array(fc.array(someMatch, { minLength: 1, maxLength: 2 }), {
  minLength: 1,
  maxLength: 2,
});

const withMatches = fc
  .record({ matches: someGroups, requests: someRequests, service: fc.constantFrom('a', 'b'), entrance })
  .map(({ matches, requests, service, entrance: by }) =>
    splitCase({
      splits: [{ backends: [{ service, weight: 1 }], matches }],
      probes: requests.map((request) => ({ ...request, entrance: by, times: 6 })),
    }),
  );

const matchesAndRest = fc
  .record({ matches: someGroups, requests: someRequests, backends: ab })
  .map(({ matches, requests, backends }) =>
    splitCase({
      splits: [{ backends: [{ service: 'c', weight: 1 }], matches }, { backends }],
      probes: requests.map((request) => ({ ...request, times: 60 })),
    }),
  );

/** Two splits with matches of which one has more conditions: without that, the original chose by chance. */
const twoWithMatches = fc
  .tuple(someGroups, someGroups, someRequests)
  .filter(([first, second]) => conditions(first.flat()) !== conditions(second.flat()))
  .map(([first, second, requests]) =>
    splitCase({
      splits: [
        { backends: [{ service: 'a', weight: 1 }], matches: first },
        { backends: [{ service: 'b', weight: 1 }], matches: second },
      ],
      probes: requests.map((request) => ({ ...request, times: 6 })),
    }),
  );

/** Matches in which the original found less, or nothing at all, than they say. */
const oddMatches = fc
  .tuple(
    fc.constantFrom<{
      readonly matches: readonly Partial<KubeHttpMatch>[];
      readonly traits: readonly Trait[];
    }>(
      { matches: [{ pathRegex: '/(a|b)' }], traits: [] },
      { matches: [{ pathRegex: '/a|/b' }], traits: ['alternatives of paths'] },
      { matches: [{}, { methods: ['POST'] }], traits: ['match without conditions'] },
      { matches: [{}], traits: [] },
      { matches: [{ methods: ['*'] }], traits: [] },
    ),
    someRequests,
  )
  .map(([{ matches, traits }, requests]) =>
    splitCase({
      splits: [
        {
          backends: [{ service: 'a', weight: 1 }],
          matches: [
            matches.map((match) => ({ name: '', methods: [], pathRegex: '', headers: [], ...match })),
          ],
        },
      ],
      probes: requests.map((request) => ({ ...request, times: 6 })),
      traits,
    }),
  );

/** Cases of HTTP splits. */
export const splitCases: fc.Arbitrary<CaseMaker> = fc.oneof(
  { weight: 4, arbitrary: byWeight },
  { weight: 1, arbitrary: nobody },
  { weight: 1, arbitrary: missing },
  { weight: 2, arbitrary: twoPorts },
  { weight: 2, arbitrary: withoutPods },
  { weight: 2, arbitrary: backendsAsk },
  { weight: 1, arbitrary: circle },
  { weight: 1, arbitrary: toCircle },
  { weight: 2, arbitrary: nested },
  { weight: 1, arbitrary: nestedMatches },
  { weight: 4, arbitrary: withMatches },
  { weight: 2, arbitrary: matchesAndRest },
  { weight: 3, arbitrary: twoWithMatches },
  { weight: 2, arbitrary: oddMatches },
);
