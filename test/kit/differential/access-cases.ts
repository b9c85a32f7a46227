// Cases of access control: who calls, with which request, what TrafficTargets let in. Everything else is refused.

import fc from 'fast-check';
import type {
  KubeHttpMatch,
  KubeIdentity,
  KubeObject,
  KubeServicePort,
  KubeTrafficRule,
} from '../../../src/model/objects.ts';
import { kubePod } from '../objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../smi-objects.ts';
import { workload, type CaseMaker, type Probe, type Trait } from './case.ts';
import { podPorts, type PodName } from './pods.ts';
import { someMatch, someRequest } from './requests.ts';

/** Service accounts with a pod that calls: two that TrafficTargets speak of, and another. */
const accounts = ['web', 'admin', 'stranger'] as const;

/** Who calls: those pods, and a node, whose address at most pods with `hostNetwork` have. */
const callers = [...accounts, 'node'] as const;
type Caller = (typeof callers)[number];

/** Address of a caller: each case has its own, since an address stands for one service account. */
function callerAddress(caller: Caller, index: number): string {
  const number = index * callers.length + callers.indexOf(caller);
  return `127.112.${210 + Math.floor(number / 200)}.${1 + (number % 200)}`;
}

function callerPods(namespace: string, index: number): KubeObject[] {
  return accounts.map((account) =>
    kubePod({
      namespace,
      name: account,
      labels: {},
      serviceAccount: account,
      ips: [callerAddress(account, index)],
    }),
  );
}

function podOnNode(namespace: string, account: string, index: number): KubeObject {
  return kubePod({
    namespace,
    name: `${account}-on-node`,
    labels: {},
    serviceAccount: account,
    ips: [callerAddress('node', index)],
    hostNetwork: true,
  });
}

/** A TrafficTarget of a case; what it doesn't say is as in `web` may call `shop`, everything. */
interface GivenTarget {
  readonly account?: string;
  readonly port?: number;
  readonly sources?: readonly string[];
  readonly isWithoutNamespace?: boolean;
  /** Matches of the HTTPRouteGroup that it names; none: it has no rules. */
  readonly matches?: readonly KubeHttpMatch[];
  /** Rules besides. */
  readonly rules?: readonly KubeTrafficRule[];
}

function targetObjects(namespace: string, given: GivenTarget, index: number): KubeObject[] {
  const { account = 'shop', port, sources = ['web'], isWithoutNamespace, matches, rules = [] } = given;
  const identity = (name: string): KubeIdentity => ({
    kind: 'ServiceAccount',
    name,
    namespace: isWithoutNamespace ? '' : namespace,
  });
  const group = kubeRouteGroup({ namespace, name: `g${index}`, ...(matches && { matches }) });
  return [
    kubeTarget({
      namespace,
      name: `t${index}`,
      destination: { kind: 'ServiceAccount', name: account, namespace },
      port,
      sources: sources.map(identity),
      rules: [
        ...(matches === undefined
          ? []
          : [{ kind: 'HTTPRouteGroup' as const, name: group.name, matches: [] }]),
        ...rules,
      ],
    }),
    ...(matches === undefined ? [] : [group]),
  ];
}

const one: ReadonlyArray<Partial<KubeServicePort>> = [{ port: 80, targetPort: podPorts.http }];
const two = [...one, { port: 81, targetPort: podPorts.alt }];

interface AccessCase {
  readonly targets: readonly GivenTarget[];
  readonly ports?: ReadonlyArray<Partial<KubeServicePort>>;
  readonly more?: (namespace: string, index: number) => readonly KubeObject[];
  readonly probes: ReadonlyArray<Partial<Probe> & { readonly caller: Caller }>;
  readonly traits?: readonly Trait[];
}

function accessCase({ targets, ports = one, more = () => [], probes, traits = [] }: AccessCase): CaseMaker {
  return (namespace, index) => ({
    objects: [
      ...callerPods(namespace, index),
      ...workload(namespace, { name: 'shop', ports, pods: ['p1', 'p2'], serviceAccount: 'shop' }),
      ...targets.flatMap((target, place) => targetObjects(namespace, target, place)),
      ...more(namespace, index),
    ],
    probes: probes.map(({ caller, ...probe }) => ({
      service: 'shop',
      port: 80,
      traffic: 'http',
      times: 4,
      from: callerAddress(caller, index),
      host: `${probe.service ?? 'shop'}.${namespace}.maesh:${probe.port ?? 80}`,
      ...probe,
    })),
    traits: new Set(traits),
  });
}

const everybody = callers.map((caller) => ({ caller }));
const entrance = fc.constantFrom('mesh port' as const, 'host port' as const);
const someSources = fc.subarray(['web', 'admin', 'ghost']);
const someMatches = fc.array(someMatch, { minLength: 1, maxLength: 3 });
const someRequests = fc.array(someRequest, { minLength: 2, maxLength: 3 });

const withoutTarget = fc.constant(accessCase({ targets: [], probes: everybody }));

const withoutRules = fc
  .record({ sources: someSources, isWithoutNamespace: fc.constantFrom(false, false, true), entrance })
  .map(({ sources, isWithoutNamespace, entrance: by }) =>
    accessCase({
      targets: [{ sources, isWithoutNamespace }],
      probes: everybody.map((probe) => ({ ...probe, entrance: by })),
    }),
  );

const onNode = fc
  .record({ sources: someSources, pods: fc.subarray([...accounts], { minLength: 1 }), entrance })
  .map(({ sources, pods, entrance: by }) =>
    accessCase({
      targets: [{ sources }],
      more: (namespace, index) => pods.map((account) => podOnNode(namespace, account, index)),
      probes: everybody.map((probe) => ({ ...probe, entrance: by })),
    }),
  );

const withRules = fc
  .record({ sources: someSources, matches: someMatches, requests: someRequests, entrance })
  .map(({ sources, matches, requests, entrance: by }) =>
    accessCase({
      targets: [{ sources, matches }],
      probes: requests.flatMap((request) =>
        (['web', 'admin'] as const).map((caller) => ({ ...request, caller, entrance: by })),
      ),
    }),
  );

const get: KubeHttpMatch = { name: 'get', methods: ['GET'], pathRegex: '', headers: [] };

const oddRules = fc
  .constantFrom<{ readonly target: GivenTarget; readonly traits?: readonly Trait[] }>(
    { target: { rules: [{ kind: 'HTTPRouteGroup', name: 'ghost', matches: [] }] } },
    { target: { rules: [{ kind: 'TCPRoute', name: 'ghost', matches: [] }] } },
    { target: { rules: [{ kind: 'TCPRoute', name: 'all', matches: [] }] } },
    {
      target: { matches: [get], rules: [{ kind: 'HTTPRouteGroup', name: 'ghost', matches: [] }] },
      traits: ['one rule is missing'],
    },
    { target: { matches: [] }, traits: ['group without matches'] },
    { target: { account: 'ghost' } },
    {
      target: {
        matches: [
          { ...get, name: 'any', methods: [] },
          { ...get, name: 'post', methods: ['POST'] },
        ],
      },
      traits: ['match without conditions'],
    },
  )
  .map(({ target, traits = [] }) =>
    accessCase({
      targets: [target],
      probes: everybody,
      more: (namespace) => [tcpRoute(namespace)],
      traits,
    }),
  );

function tcpRoute(namespace: string): KubeObject {
  return { kind: 'TCPRoute', namespace, name: 'all', labels: {}, ports: [] };
}

const withPort = fc
  .constantFrom<{ readonly port: number; readonly traits?: readonly Trait[] }>(
    { port: podPorts.http },
    { port: podPorts.alt, traits: ['port that is not the first'] },
    { port: 80, traits: ['port of the service'] },
    { port: 81, traits: ['port of the service'] },
    { port: 9999 },
  )
  .map(({ port, traits = [] }) =>
    accessCase({
      ports: two,
      targets: [{ port }],
      probes: [80, 81].flatMap((each) => [
        { caller: 'web' as const, port: each },
        { caller: 'admin' as const, port: each },
      ]),
      traits,
    }),
  );

/** Of two TrafficTargets the original looked only at the one with more conditions; with as many, at any. */
const severalTargets = fc
  .record({ matches: someMatches, requests: someRequests, sources: fc.tuple(someSources, someSources) })
  .map(({ matches, requests, sources: [first, second] }) =>
    accessCase({
      targets: [{ sources: first }, { sources: second, matches }],
      probes: requests.flatMap((request) =>
        (['web', 'admin', 'stranger'] as const).map((caller) => ({ ...request, caller })),
      ),
      traits: ['several targets'],
    }),
  );

/** A service of pods of two accounts: only those of the account may be reached. */
const twoAccounts = fc.tuple(fc.constantFrom('shop', 'other'), entrance).map(([account, by]) =>
  accessCase({
    targets: [{ account }],
    more: (namespace) => otherPods(namespace),
    probes: everybody.map((probe) => ({ ...probe, entrance: by })),
  }),
);

function otherPods(namespace: string): KubeObject[] {
  const [, ...rest] = workload(namespace, { name: 'shop', pods: ['p3'], serviceAccount: 'other' });
  return rest.map((object) => (object.kind === 'EndpointSlice' ? { ...object, name: 'shop-b' } : object));
}

/** A root without a TrafficTarget of its own, split between two backends. */
const splits = fc
  .record({
    ofA: someSources,
    ofB: someSources,
    matches: fc.option(someMatches, { nil: undefined }),
    request: someRequest,
    spoofed: fc.boolean(),
  })
  .map(({ ofA, ofB, matches, request, spoofed }) => {
    const [knownA, knownB] = [ofA, ofB].map((sources) => sources.filter((each) => each !== 'ghost').join());
    return accessCase({
      targets: [
        // What is sent with another's address is to fit, so that the address alone decides.
        { account: 'a', sources: ofA, ...(matches && !spoofed && { matches }) },
        { account: 'b', sources: ofB },
      ],
      more: (namespace) => [
        ...workload(namespace, { name: 'a', pods: ['p3'], serviceAccount: 'a' }),
        ...workload(namespace, { name: 'b', pods: ['p4'], serviceAccount: 'b' }),
        kubeSplit({
          namespace,
          name: 's',
          service: 'shop',
          backends: [
            { service: 'a', weight: 1 },
            { service: 'b', weight: 1 },
          ],
        }),
      ],
      probes: (['web', 'admin', 'stranger'] as const).flatMap((caller, place) => [
        { ...request, caller, times: 40, isByChance: true as const },
        {
          ...request,
          caller,
          service: 'a',
          headers: {
            ...request.headers,
            ...(spoofed && place > 0 && { 'x-forwarded-for': '127.112.199.1' }),
          },
        },
      ]),
      traits: [
        ...(knownA === knownB ? [] : ['backends let in others']),
        ...(spoofed ? ['x-forwarded-for of a client'] : []),
      ],
    });
  });

const tcp = fc
  .record({
    sources: someSources,
    rule: fc.constantFrom('TCPRoute', 'none'),
    pods: fc.constantFrom<readonly PodName[]>(['p1'], ['p1', 'p2']),
  })
  .map(({ sources, rule, pods }): CaseMaker => (namespace, index) => ({
    objects: [
      ...callerPods(namespace, index),
      ...workload(namespace, {
        name: 'db',
        pods,
        serviceAccount: 'db',
        annotations: { 'mesh.traefik.io/traffic-type': 'tcp' },
        ports: [{ port: 5432, targetPort: podPorts.tcp }],
      }),
      tcpRoute(namespace),
      ...targetObjects(
        namespace,
        {
          account: 'db',
          sources,
          rules: rule === 'none' ? [] : [{ kind: 'TCPRoute', name: 'all', matches: [] }],
        },
        0,
      ),
    ],
    probes: callers.map((caller) => ({
      service: 'db',
      port: 5432,
      traffic: 'tcp',
      times: 4,
      from: callerAddress(caller, index),
    })),
    traits: new Set([rule === 'none' ? 'TCP without a TCPRoute' : 'sources of TCP']),
  }));

/** Cases of access. */
export const accessCases: fc.Arbitrary<CaseMaker> = fc.oneof(
  { weight: 1, arbitrary: withoutTarget },
  { weight: 3, arbitrary: withoutRules },
  { weight: 1, arbitrary: onNode },
  { weight: 6, arbitrary: withRules },
  { weight: 2, arbitrary: oddRules },
  { weight: 2, arbitrary: withPort },
  { weight: 3, arbitrary: severalTargets },
  { weight: 2, arbitrary: twoAccounts },
  { weight: 4, arbitrary: splits },
  { weight: 2, arbitrary: tcp },
);
