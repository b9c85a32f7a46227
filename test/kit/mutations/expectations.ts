// What a request may get, told from what the manifests said at the time: without Maesh's own code, and strict. While a
// change is under way, what was before it and what is after it are both right; nothing else ever is.

import type { TrafficType } from '../../../src/model/topology.ts';
import { drainSeconds } from '../../../src/proxy/drain.ts';
import type { Outcome } from '../service-client.ts';
import { backendName, type ServiceSpec } from './service-spec.ts';

/** A request to a service port, when it was made, and what came of it. Times are those of `performance.now()`. */
export interface Observation {
  /** `namespace/name`. */
  readonly key: string;
  readonly traffic: TrafficType;
  readonly port: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

/** A time in which a service was meant to be something. */
interface Era {
  readonly spec: ServiceSpec | undefined;
  readonly from: number;
  /** When the folder said something else, as a whole; Infinity until it does. */
  replacedAt: number;
  /** Whether a request may fail because of the change that began it. */
  readonly gap: 'none' | 'possible';
}

/** How a request fails on a connection that the proxy is about to let go because of what a service was before. */
const leftover = ['status 404, closing', 'status 503, closing'];

/** How requests fail that a service may not answer. Anything else is wrong always. */
const rightFailures: Readonly<Record<TrafficType, readonly string[]>> = {
  http: ['status 404', 'status 503', 'refused', 'closed', 'unknown name', ...leftover],
  tcp: ['refused', 'closed', 'unknown name'],
  udp: ['refused', 'timeout', 'unknown name'],
};

/** The specs of all services over time. */
export class Expectations {
  readonly #lagMs: number;
  readonly #eras = new Map<string, Era[]>();
  readonly #staleMs: number[] = [];

  /** @param lagMs - how long what was before a change may still be seen. */
  constructor(lagMs: number) {
    this.#lagMs = lagMs;
  }

  /** For how long after a change answers were right only by what was before it, in milliseconds: one each. */
  get staleMs(): readonly number[] {
    return this.#staleMs;
  }

  /** The folder begins to say this. */
  begin(key: string, spec: ServiceSpec | undefined): void {
    const eras = this.#erasOf(key);
    const gap = isGapFree(eras.at(-1)?.spec, spec) ? 'none' : 'possible';
    eras.push({ spec, from: performance.now(), replacedAt: Infinity, gap });
  }

  /** The folder says as a whole what it began to say. */
  end(key: string): void {
    const eras = this.#erasOf(key);
    const now = performance.now();
    const before = eras.at(-2);
    if (before !== undefined) before.replacedAt = now;
    const oldest = eras.findIndex(({ replacedAt }) => replacedAt > now - this.#lagMs - 60_000);
    eras.splice(0, oldest);
  }

  /** Why an outcome is wrong; undefined where it is right. */
  judge(observation: Observation): string | undefined {
    const { outcome } = observation;
    const isLeftover = outcome.kind === 'failure' && leftover.includes(outcome.what);
    const lagMs = this.#lagMs + (isLeftover ? drainSeconds * 1000 : 0);
    const eras = this.#erasOf(observation.key).filter(
      ({ from, replacedAt }) => from <= observation.endedAt && replacedAt + lagMs >= observation.startedAt,
    );
    const right = eras.filter((era, i) => isRight(era, i === 0 ? undefined : eras[i - 1], observation));
    if (right.length === 0 && !isMixture(eras, observation)) {
      return `${observation.key}:${observation.port} (${observation.traffic}): ${describeOutcome(observation.outcome)}, and not ${eras.map(({ spec }) => specText(spec)).join(', or before ')}`;
    }
    if (right.length === 0) return undefined;
    const newest = Math.max(...right.map(({ replacedAt }) => replacedAt));
    if (newest < observation.startedAt) this.#staleMs.push(observation.startedAt - newest);
    return undefined;
  }

  #erasOf(key: string): Era[] {
    let eras = this.#eras.get(key);
    if (eras === undefined) {
      eras = [{ spec: undefined, from: -Infinity, replacedAt: Infinity, gap: 'none' }];
      this.#eras.set(key, eras);
    }
    return eras;
  }
}

/**
 * Whether an outcome is right by the objects of several eras together: a service that comes back at once may find the
 * endpoints that it had before, as objects are kept for a moment after they are gone from the files. Where those speak
 * another protocol, anything may come of it.
 */
function isMixture(eras: readonly Era[], { traffic, port, outcome }: Observation): boolean {
  const specs = eras.flatMap(({ spec }) => spec ?? []);
  const asked = specs.filter((spec) => spec.traffic === traffic);
  if (!asked.some((spec) => hasPort(spec, port))) return false;
  if (asked.length < specs.length) return true;
  if (outcome.kind !== 'answer') return false;
  return asked.some(({ ready }) => ready.some((number) => backendName(traffic, number) === outcome.backend));
}

/** Backends that may answer at a port of a service. */
export function backendsOf(
  spec: ServiceSpec | undefined,
  { traffic, port }: Pick<Observation, 'traffic' | 'port'>,
): readonly string[] {
  if (spec?.traffic !== traffic || !hasPort(spec, port)) return [];
  return spec.ready.map((number) => backendName(traffic, number));
}

function hasPort({ ports }: ServiceSpec, port: number): boolean {
  return ports.some((one) => one.port === port);
}

function isRight(era: Era, before: Era | undefined, observation: Observation): boolean {
  const { outcome, traffic, port } = observation;
  // What comes of speaking another protocol than the service's is nobody's promise.
  if (era.spec !== undefined && era.spec.traffic !== traffic && hasPort(era.spec, port)) return true;
  const backends = backendsOf(era.spec, observation);
  if (outcome.kind === 'answer') return backends.includes(outcome.backend);
  if (!rightFailures[traffic].includes(outcome.what)) return false;
  if (backends.length === 0) return true;
  return before !== undefined && (era.gap === 'possible' || (traffic === 'udp' && isTakingAway(before, era)));
}

/**
 * Whether a change takes a backend away. Envoy ends the UDP sessions of an endpoint that is taken away at once, so that
 * an answer which is on its way is lost, as UDP allows.
 */
function isTakingAway(before: Era, after: Era): boolean {
  return before.spec?.ready.some((number) => after.spec?.ready.includes(number) !== true) === true;
}

/**
 * Whether a change leaves no moment without an endpoint: some endpoint stays, or all of them stand in one object, which
 * is replaced as a whole.
 */
function isGapFree(before: ServiceSpec | undefined, after: ServiceSpec | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  const isSameShape =
    before.traffic === after.traffic &&
    before.source === after.source &&
    JSON.stringify(before.ports) === JSON.stringify(after.ports);
  if (!isSameShape) return false;
  const isWhole = before.source === 'slice' || before.source === 'endpoints';
  return before.ready.some((number) => after.ready.includes(number)) || (isWhole && after.ready.length > 0);
}

function describeOutcome(outcome: Outcome): string {
  return outcome.kind === 'answer'
    ? `answered by ${outcome.backend}`
    : `failed: ${outcome.what} ${outcome.details ?? ''}`;
}

function specText(spec: ServiceSpec | undefined): string {
  if (spec === undefined) return 'absent';
  const { traffic, ports, source, ready } = spec;
  return `${traffic} ${ports.map(({ port }) => port).join()} by ${source} at ${ready.join()}`;
}
