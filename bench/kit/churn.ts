// Endpoints that change all the time, of which some changes are followed until they are effective in the real Envoy.

import { setTimeout as pause } from 'node:timers/promises';

import type { ClusterWorld } from './cluster-world.ts';
import type { ServiceGiven } from './cluster-objects.ts';
import { meshAddress, podAddress } from './controller-addresses.ts';
import type { MeasuredChange } from './controller-stages.ts';
import { now } from './now.ts';
import { Probe, type ProbeAnswer } from './probe.ts';

/** How much changes. */
export interface ChurnOptions {
  readonly perSecond: number;
  readonly seconds: number;
}

/** What came of it. */
export interface ChurnResult {
  /** Changes that were written. */
  readonly written: number;
  /** How often that was in fact, by the second. */
  readonly perSecond: number;
  readonly measured: readonly (MeasuredChange & { readonly kind: ChangeKind })[];
  /** Of the probed services, changes that were left out since the one before was not effective yet. */
  readonly leftOut: number;
}

/** In this order a probed service begins and ends with backend 0. */
const kinds = ['an endpoint swapped', 'the endpoint removed', 'an endpoint added'] as const;
export type ChangeKind = (typeof kinds)[number];

/** One change of so many is of a probed service. */
const probedEvery = 10;

/** Changes endpoints until the time is up, and resolves when the last measured change is effective. */
export async function churn(
  world: ClusterWorld,
  meshPorts: ReadonlyMap<string, number>,
  options: ChurnOptions,
): Promise<ChurnResult> {
  await using stack = new AsyncDisposableStack();
  const probes = world.probed.map((service) => new ProbedService(world, service, meshPorts));
  for (const probe of probes) stack.use(probe);
  const measured: ChurnResult['measured'][number][] = [];
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const keep = (work: Promise<void>): void => {
    const watched = work
      .catch((error: unknown) => void failures.push(error))
      .finally(() => pending.delete(watched));
    pending.add(watched);
  };
  const start = now();
  let [written, leftOut] = [0, 0];
  for (let next = start; now() < start + options.seconds * 1000 && failures.length === 0;) {
    const n = written++;
    const probe = probes[Math.floor(n / probedEvery) % probes.length];
    if (n % probedEvery !== 0 || probe === undefined) keep(changeSilent(world, n));
    else if (probe.isBusy) leftOut++;
    else keep(probe.change().then((change) => void measured.push(change)));
    // Changes of a cluster have no rhythm: the time between two is distributed as that of independent events.
    next += (-Math.log(1 - Math.random()) * 1000) / options.perSecond;
    if (next > now()) await pause(next - now());
  }
  const perSecond = (written * 1000) / (now() - start);
  await Promise.all(pending);
  if (failures.length > 0) throw failures[0];
  for (const probe of probes) await probe.reset();
  return { written, perSecond, measured, leftOut };
}

/** A pod is replaced by another: the endpoint that is there longest goes, and a new one comes. */
async function changeSilent(world: ClusterWorld, n: number): Promise<void> {
  // A prime, so that neighbours in time are none in the mesh.
  const service = world.silent[(n * 7919) % world.silent.length];
  if (service === undefined) return;
  const addresses = [...service.addresses.slice(1), podAddress(200_000 + (n % 60_000))];
  await world.put({ ...service, addresses });
}

/** A service whose changes are followed. */
class ProbedService implements Disposable {
  readonly #world: ClusterWorld;
  readonly #service: ServiceGiven;
  readonly #probe: Probe;
  #step = 0;
  isBusy = false;

  constructor(world: ClusterWorld, service: ServiceGiven, meshPorts: ReadonlyMap<string, number>) {
    const { namespace, name } = service;
    const port = meshPorts.get(`${namespace}/${name}`);
    if (port === undefined) throw new Error(`${namespace}/${name} has no mesh port`);
    this.#world = world;
    this.#service = service;
    this.#probe = new Probe({ host: meshAddress, port });
  }

  async change(): Promise<MeasuredChange & { readonly kind: ChangeKind }> {
    const kind = kinds[this.#step % kinds.length] ?? kinds[0];
    this.#step++;
    const backend = {
      'an endpoint swapped': 1,
      'the endpoint removed': undefined,
      'an endpoint added': 0,
    } as const;
    const { sentAt, answeredAt, effectiveAt } = await this.#become(backend[kind]);
    return { kind, service: this.#service, sentAt, answeredAt, effectiveAt };
  }

  /** Brings it back to backend 0. */
  async reset(): Promise<void> {
    this.#step = 0;
    await this.#become(0);
  }

  [Symbol.dispose](): void {
    this.#probe[Symbol.dispose]();
  }

  async #become(backend: 0 | 1 | undefined): Promise<Omit<MeasuredChange, 'service'>> {
    this.isBusy = true;
    const wanted = ({ status, body }: ProbeAnswer): boolean =>
      backend === undefined ? status === 503 : status === 200 && body === String(backend);
    const write = this.#world.put(this.#world.at(this.#service, backend));
    const [written, effectiveAt] = await Promise.all([
      write,
      this.#probe.until(meshAddress, wanted, isExpected),
    ]);
    this.isBusy = false;
    return { ...written, effectiveAt };
  }
}

/** What a service may answer meanwhile. */
function isExpected({ status }: ProbeAnswer): boolean {
  return status === 200 || status === 503;
}
