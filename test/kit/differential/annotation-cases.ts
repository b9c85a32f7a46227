// Cases of what Services ask for, good and bad, with pods that answer and pods that don't.

import fc from 'fast-check';
import type { KubeServicePort } from '../../../src/model/objects.ts';
import { workload, type CaseMaker, type Probe } from './case.ts';
import { podPorts, type PodName } from './pods.ts';

/** Something that a Service asks for, and how it is looked at. */
interface Asked {
  readonly annotations: Readonly<Record<string, string>>;
  readonly trait?: string;
  readonly targetPort?: number;
  readonly probe?: Partial<Probe>;
}

const nothing: Asked = { annotations: {} };

const scheme = fc.constantFrom<Asked>(
  { annotations: { scheme: 'http' } },
  { annotations: { scheme: 'h2c' } },
  { annotations: { scheme: 'https' }, targetPort: podPorts.https },
  { annotations: { scheme: 'HTTP' }, trait: 'bad annotation' },
  { annotations: { scheme: 'grpc' }, trait: 'bad annotation' },
  { annotations: { scheme: '' }, trait: 'bad annotation' },
);

const retry = fc.oneof(
  fc
    .constantFrom('1', '2', '3', '5', '+4')
    .map((attempts): Asked => ({ annotations: { 'retry-attempts': attempts } })),
  fc
    .constantFrom('0', '-1', 'two', '1.5', '', ' 2')
    .map((attempts): Asked => ({ annotations: { 'retry-attempts': attempts }, trait: 'bad annotation' })),
);

const rateLimit = fc.oneof(
  fc.integer({ min: 1, max: 6 }).map((burst): Asked => ({
    annotations: { 'ratelimit-average': '1', 'ratelimit-burst': String(burst) },
    trait: 'rate limit',
    probe: { times: burst + 8, statusesOnly: true },
  })),
  fc.constantFrom<Asked>(
    { annotations: { 'ratelimit-average': '1' } },
    { annotations: { 'ratelimit-burst': '1' } },
    { annotations: { 'ratelimit-average': '1000', 'ratelimit-burst': '1000' } },
  ),
  fc.constantFrom('0', '-1', 'two', '1.5', '').map((value): Asked => ({
    annotations: { 'ratelimit-average': value, 'ratelimit-burst': '100' },
    trait: 'bad annotation',
  })),
);

const opening = [
  'ResponseCodeRatio(200, 300, 0, 600) > 0.5',
  'NetworkErrorRatio() < 0.5',
  'LatencyAtQuantileMS(50.0) < 5000',
  'ResponseCodeRatio(200, 300, 0, 600) >= 1.0 && NetworkErrorRatio() <= 0.1',
  'ResponseCodeRatio(500, 600, 0, 600) > 0.5 || ResponseCodeRatio(200, 300, 0, 600) > 0.5',
  '(NetworkErrorRatio() > 0.5 || NetworkErrorRatio() < 0.5) && LatencyAtQuantileMS(99.0) >= 0',
];
const staying = [
  'ResponseCodeRatio(500, 600, 0, 600) > 0.5',
  'NetworkErrorRatio() > 0.5',
  'LatencyAtQuantileMS(50.0) > 100000',
  'ResponseCodeRatio(200, 300, 0, 600) < 0.5 && NetworkErrorRatio() <= 0.1',
  'ResponseCodeRatio(200, 300, 0, 600) != 1.0',
];
const broken = [
  'NetworkErrorRatio( > 0.5',
  'Unknown() > 1',
  'NetworkErrorRatio()',
  'ResponseCodeRatio(500, 600) > 0.5',
  '!',
  '',
];

function breaker(expression: string): Asked {
  return { annotations: { 'circuit-breaker-expression': expression } };
}

const circuitBreaker = fc.oneof(
  fc.constantFrom(...opening).map((expression): Asked => ({
    ...breaker(expression),
    trait: 'breaker opens',
    probe: { until503: true, statusesOnly: true },
  })),
  // A ratio was compared with numbers that have a point only.
  fc.constant<Asked>({
    ...breaker('ResponseCodeRatio(200, 300, 0, 600) >= 1'),
    trait: 'number without a point',
    probe: { until503: true, statusesOnly: true },
  }),
  fc.constantFrom(...staying).map((expression): Asked => ({ ...breaker(expression), probe: { times: 12 } })),
  fc
    .constantFrom(...broken)
    .map((expression): Asked => ({ ...breaker(expression), trait: 'bad annotation' })),
);

const trafficType = fc.constantFrom<Asked>(
  { annotations: { 'traffic-type': 'http' } },
  { annotations: { 'traffic-type': 'HTTP' }, trait: 'bad annotation' },
  { annotations: { 'traffic-type': 'grpc' }, trait: 'bad annotation' },
);

const somePods: fc.Arbitrary<readonly PodName[]> = fc.oneof(
  { weight: 6, arbitrary: fc.subarray<PodName>(['p1', 'p2', 'p3'], { minLength: 1 }) },
  // One dead pod at most beside living ones: with two, whether attempts run out depends on the order of pods.
  { weight: 2, arbitrary: fc.constantFrom<PodName[]>(['p1', 'dead1'], ['p1', 'p2', 'dead1']) },
  { weight: 1, arbitrary: fc.constantFrom<PodName[]>(['dead1'], ['dead1', 'dead2']) },
  { weight: 1, arbitrary: fc.constant<PodName[]>([]) },
);

/** Under which prefixes it is asked: where both speak, the newer counts. */
const prefixes = fc.constantFrom('new', 'old', 'both');

/** Paths whose answers a proxy might take for something else. */
const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('/', '/a/b?c=d', '/a%2Fb', '//a/../b') },
  { weight: 3, arbitrary: fc.constantFrom('/status/404', '/status/500', '/status/503') },
  { weight: 1, arbitrary: fc.constant('/drop') },
);

const ports = fc.constantFrom<ReadonlyArray<Partial<KubeServicePort>>>(
  [{ port: 80, targetPort: podPorts.http }],
  [{ port: 80, targetPort: 'http' }],
  [
    { port: 80, targetPort: podPorts.http },
    { port: 81, targetPort: 'alt' },
  ],
);

/** Cases of annotations, each seen through each port of its service. */
export const annotationCases: fc.Arbitrary<CaseMaker> = fc
  .record({
    asked: fc.oneof(
      fc.constant(nothing),
      scheme,
      { weight: 3, arbitrary: retry },
      { weight: 2, arbitrary: rateLimit },
      { weight: 2, arbitrary: circuitBreaker },
      trafficType,
    ),
    pods: somePods,
    prefix: prefixes,
    ports,
    path,
    method: fc.constantFrom('GET', 'GET', 'POST', 'DELETE'),
    entrance: fc.constantFrom('mesh port' as const, 'host port' as const),
  })
  .map((given) => annotationCase(given));

function annotationCase(given: {
  readonly asked: Asked;
  readonly pods: readonly PodName[];
  readonly prefix: string;
  readonly ports: ReadonlyArray<Partial<KubeServicePort>>;
  readonly path: string;
  readonly method: string;
  readonly entrance: NonNullable<Probe['entrance']>;
}): CaseMaker {
  const { asked, entrance } = given;
  const isCounted = asked.trait === 'rate limit' || asked.probe !== undefined;
  // Where answers are counted, each request is to be one answer of a pod.
  const pods = isCounted ? given.pods.filter((pod) => !pod.startsWith('dead')) : given.pods;
  const path = isCounted ? '/' : given.path;
  const ports = given.ports.map((port) => ({
    ...port,
    ...(asked.targetPort && { targetPort: asked.targetPort }),
  }));
  return (namespace) => ({
    objects: workload(namespace, {
      name: 'shop',
      ports,
      pods,
      annotations: underPrefix(asked.annotations, given.prefix),
    }),
    probes: ports.map(({ port = 80 }) => ({
      service: 'shop',
      port,
      traffic: 'http',
      times: 12,
      ...asked.probe,
      entrance,
      path,
      method: given.method,
      host: `shop.${namespace}.maesh:${port}`,
    })),
    traits: new Set([
      ...(asked.trait === undefined ? [] : [asked.trait]),
      ...(isPartlyDead(pods) ? ['dead pod beside others'] : []),
      ...('retry-attempts' in asked.annotations ? ['retry-attempts'] : []),
    ]),
  });
}

function isPartlyDead(pods: readonly PodName[]): boolean {
  const dead = pods.filter((pod) => pod.startsWith('dead'));
  return dead.length > 0 && dead.length < pods.length;
}

function underPrefix(annotations: Asked['annotations'], prefix: string): Record<string, string> {
  const entries = Object.entries(annotations).flatMap(([name, value]) => [
    ...(prefix === 'old' ? [] : [[`mesh.traefik.io/${name}`, value]]),
    ...(prefix === 'new' ? [] : [[`maesh.containo.us/${name}`, prefix === 'both' ? 'nonsense' : value]]),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}
