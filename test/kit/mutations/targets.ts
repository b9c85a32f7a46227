// What is asked while the folder changes: services that must never fail, by every way into the mesh and over connections
// that stay open, and services that change, each answer judged by what the folder said at the time.

import type { TopologyJson } from '../../../src/serve/http/api-types.ts';
import { ClientError } from '../clients/client-error.ts';
import { TcpEcho } from '../clients/tcp-echo.ts';
import { UdpSession } from '../clients/udp-session.ts';
import type { Outcome, ServiceClient } from '../service-client.ts';
import type { Target } from '../traffic-load.ts';
import { callBy, ownerOf, waysOf, type Doors, type Way } from './calls.ts';
import type { Expectations } from './expectations.ts';
import { changingKeys, stableSpecs } from './mutation-table.ts';
import { Random } from './random.ts';
import type { ServiceSpec, SpecPort } from './service-spec.ts';
import type { World } from './world.ts';

/** What targets are made of. */
export interface TargetContext {
  readonly world: World;
  readonly client: ServiceClient;
  readonly doors: Doors;
  readonly view: TopologyView;
  readonly expectations: Expectations;
}

const keptMs = 20;

/** The topology as the API gives it, asked for anew when it is older than a moment. */
export class TopologyView {
  readonly #ask: () => Promise<TopologyJson>;
  #asked: Promise<TopologyJson> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #last: TopologyJson | undefined;

  constructor(ask: () => Promise<TopologyJson>) {
    this.#ask = ask;
  }

  /** The topology of a moment ago; the last one that was seen where the API is away. */
  async recent(): Promise<TopologyJson> {
    if (this.#asked !== undefined && performance.now() < this.#askedAt + keptMs) return this.#asked;
    return this.now();
  }

  /** The topology of now. */
  async now(): Promise<TopologyJson> {
    this.#askedAt = performance.now();
    this.#asked = this.#ask().then(
      (topology) => (this.#last = topology),
      (error: unknown) => {
        if (this.#last === undefined) throw error;
        return this.#last;
      },
    );
    return this.#asked;
  }
}

/** Every way to every stable service, found now: what moves one is a failure. */
export async function stableTargets(context: TargetContext): Promise<readonly Target[]> {
  return await Promise.all(
    stableAims().map(async (aim): Promise<Target> => {
      const call = await findCall(context, aim);
      const ask = (): Promise<Outcome> =>
        call === undefined
          ? Promise.resolve({ kind: 'failure', what: 'unknown name' })
          : context.client.call(call);
      return { name: `${aim.spec.key} by ${aim.way}`, ask: () => judged(context, aim, ask) };
    }),
  );
}

/** Connections and sessions that are never renewed; HTTP has none, whose clients keep connections anyway. */
export async function lastingTargets(
  context: TargetContext,
  open: AsyncDisposableStack,
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const aim of stableAims()) {
    const { spec, way } = aim;
    const call = spec.traffic === 'http' ? undefined : await findCall(context, aim);
    if (call === undefined) continue;
    const name = `${spec.key} by ${way}, kept open`;
    if (spec.traffic === 'tcp') {
      const echo = open.use(await TcpEcho.open(call.to));
      targets.push({ name, ask: () => echo.echo() });
    } else {
      const session = open.use(await UdpSession.open(call.to));
      targets.push({ name, ask: () => judged(context, aim, () => outcomeOf(session.send())) });
    }
  }
  return targets;
}

function stableAims(): readonly Aim[] {
  return stableSpecs.flatMap((spec) =>
    waysOf(spec).flatMap((way) => spec.ports.map((port) => ({ spec, port, way }))),
  );
}

interface Aim {
  readonly spec: ServiceSpec;
  readonly port: SpecPort;
  readonly way: Way;
}

async function outcomeOf(answer: Promise<{ readonly name: string }>): Promise<Outcome> {
  try {
    return { kind: 'answer', backend: (await answer).name };
  } catch (error) {
    return { kind: 'failure', what: ClientError.from(error).failure };
  }
}

async function judged(
  { expectations }: TargetContext,
  { spec, port }: Aim,
  ask: () => Promise<Outcome>,
): Promise<void> {
  const { key, traffic } = spec;
  const startedAt = performance.now();
  const outcome = await ask();
  const endedAt = performance.now();
  const wrong = expectations.judge({ key, traffic, port: port.port, startedAt, endedAt, outcome });
  if (wrong !== undefined) throw new Error(wrong);
}

async function findCall({ view, doors }: TargetContext, { spec, port, way }: Aim): ReturnType<typeof callBy> {
  return callBy(way, { spec, port }, { topology: await view.recent(), doors });
}

/** So many targets that each ask a random service that changes, or has been there before. */
export function changingTargets(context: TargetContext, count: number): readonly Target[] {
  const known = new Map<string, ServiceSpec>();
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(i);
    return { name: `changing ${i}`, ask: () => askChanging(context, { random, known }) };
  });
}

async function askChanging(
  context: TargetContext,
  { random, known }: { readonly random: Random; readonly known: Map<string, ServiceSpec> },
): Promise<void> {
  const key = random.pick(changingKeys);
  const spec = context.world.specs.get(key) ?? known.get(key);
  if (spec === undefined) return;
  known.set(key, spec);
  const port = random.pick(spec.ports);
  const way = random.pick(waysOf(spec));
  const { traffic } = spec;
  // Silence is the right answer of a UDP service without pods; whether it is of another is not known soon.
  const timeoutMs = traffic === 'udp' && spec.ready.length === 0 ? 300 : 5_000;
  const startedAt = performance.now();
  const call = await findCall(context, { spec, port, way });
  const outcome: Outcome =
    call === undefined
      ? { kind: 'failure', what: 'unknown name' }
      : await context.client.call({ ...call, timeoutMs });
  const endedAt = performance.now();
  const observation = { key, traffic, port: port.port, startedAt, endedAt, outcome };
  const wrong = context.expectations.judge(observation);
  if (wrong === undefined) return;
  // What is reached at an address or mesh port may have become another service's since it was looked up.
  const owner = call === undefined ? undefined : ownerOf(await context.view.now(), call, context.doors);
  const isOther = owner !== undefined && (owner.key !== key || owner.port !== port.port);
  if (isOther && context.expectations.judge({ ...observation, ...owner }) === undefined) return;
  throw new Error(`${wrong} by ${way}`);
}
