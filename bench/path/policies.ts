// Services of one mesh that ask for different things, for the same backend through the same proxy; and those of a mesh
// with access control beside it.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pathAddresses } from '../kit/addresses.ts';
import { Maesh } from '../kit/maesh.ts';
import type { Tools } from '../kit/tools.ts';
import { World } from '../kit/world.ts';
import { openGuarded } from './guarded.ts';
import { meshUrl, startBackend, type Contender, type Sharing } from './contenders.ts';

/** What services ask for, by what the benchmark calls it. None of them refuses a request. */
const asked: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nothing: {},
  'retry-attempts': { 'retry-attempts': '5' },
  'rate limit': { 'ratelimit-average': '1000000', 'ratelimit-burst': '1000000' },
  'circuit breaker, codes': {
    'circuit-breaker-expression': 'ResponseCodeRatio(500, 600, 0, 600) > 0.5 || NetworkErrorRatio() > 0.5',
  },
  'circuit breaker, latency': { 'circuit-breaker-expression': 'LatencyAtQuantileMS(99.0) > 100000' },
  'request-timeout': { 'request-timeout': '10s' },
  'affinity by source': { 'session-affinity': 'source' },
  'affinity by cookie': { 'session-affinity': 'cookie:session' },
  'least-request': { 'load-balancing': 'least-request' },
  ejection: { 'outlier-consecutive-errors': '5' },
};

/** TrafficSplits in front of the backend, each as what it says beside its root. */
const divided: Readonly<Record<string, object>> = {
  'split, two backends': {
    backends: [
      { service: 'policy-0', weight: 90 },
      { service: 'policy-1', weight: 10 },
    ],
  },
  'split, ten matches that are none': {
    matches: [{ kind: 'HTTPRouteGroup', name: 'nobody' }],
    backends: [{ service: 'policy-0', weight: 1 }],
  },
};

const nobody = {
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name: 'nobody', namespace: 'bench' },
  spec: {
    matches: Array.from({ length: 10 }, (_, n) => ({ pathRegex: `/nobody/[0-9]+/${n}`, methods: ['GET'] })),
  },
};

function splitManifest(service: string, spec: object): object {
  const metadata = { name: service, namespace: 'bench' };
  return {
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind: 'TrafficSplit',
    metadata,
    spec: { service, ...spec },
  };
}

/** What {@link asked} says of those to whom the others are compared. */
export const plain = 'nothing';

/** The services as contenders, while the mesh runs. */
export interface Policies extends AsyncDisposable {
  readonly contenders: readonly Contender[];
}

/** Starts the backend, a mesh with a service for each, and the mesh with access control. */
export async function openPolicies(tools: Tools, sharing: Sharing): Promise<Policies> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await World.create(10));
  const backend = await startBackend(tools, { sharing, folder: world.scratch });
  stack.use(backend);
  const all: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ...Object.entries(asked),
    ...Object.keys(divided).map((name) => [name, {}] as const),
  ];
  const services = all.map(([name, annotations], index) => ({
    name,
    service: `policy-${index}`,
    annotations,
  }));
  for (const { service, annotations } of services) {
    await world.put({ namespace: 'bench', name: service, addresses: [pathAddresses.backend], annotations });
  }
  const splits = services.flatMap(({ name, service }) => {
    const spec = divided[name];
    return spec === undefined ? [] : [splitManifest(service, spec)];
  });
  const manifests = [nobody, ...splits].map((object) => JSON.stringify(object));
  await writeFile(join(world.dir, 'splits.yaml'), manifests.join('\n---\n'));
  const maesh = stack.use(await Maesh.start(world, { concurrency: sharing.workers, wrap: sharing.proxy }));
  const pid = await maesh.envoyPid();
  const contenders: Contender[] = [];
  for (const { name, service } of services) {
    contenders.push({ name, pid, url: await meshUrl(maesh, service), host: `${service}.bench.maesh` });
  }
  const guarded = stack.use(await openGuarded(sharing));
  contenders.push(...guarded.contenders);
  const rest = stack.move();
  return { contenders, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}
