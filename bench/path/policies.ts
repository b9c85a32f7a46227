// Services of one mesh that ask for different things, for the same backend through the same proxy.

import { pathAddresses } from '../kit/addresses.ts';
import { Maesh } from '../kit/maesh.ts';
import type { Tools } from '../kit/tools.ts';
import { World } from '../kit/world.ts';
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

/** What {@link asked} says of those to whom the others are compared. */
export const plain = 'nothing';

/** The services as contenders, while the mesh runs. */
export interface Policies extends AsyncDisposable {
  readonly contenders: readonly Contender[];
}

/** Starts the backend and a mesh with a service for each. */
export async function openPolicies(tools: Tools, sharing: Sharing): Promise<Policies> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await World.create(10));
  const backend = await startBackend(tools, { sharing, folder: world.scratch });
  stack.use(backend);
  const services = Object.entries(asked).map(([name, annotations], index) => ({
    name,
    service: `policy-${index}`,
    annotations,
  }));
  for (const { service, annotations } of services) {
    await world.put({ namespace: 'bench', name: service, addresses: [pathAddresses.backend], annotations });
  }
  const maesh = stack.use(await Maesh.start(world, { concurrency: sharing.workers, wrap: sharing.proxy }));
  const pid = await maesh.envoyPid();
  const contenders: Contender[] = [];
  for (const { name, service } of services) {
    contenders.push({ name, pid, url: await meshUrl(maesh, service), host: `${service}.bench.maesh` });
  }
  const rest = stack.move();
  return { contenders, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}
