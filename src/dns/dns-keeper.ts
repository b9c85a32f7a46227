// Keeps a cluster's DNS as the mesh needs it, for as long as this replica leads: whatever takes the mesh's names out, a hand, a
// distribution that starts again, a cloud provider, they are back with the next event of the watch.

import { KubeError } from '../kube/kube-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ServiceKey } from '../model/key.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { TokenBucket, type Rate } from '../runtime/rate-limit.ts';
import { runWorkers, type RetryLater } from '../runtime/run-workers.ts';
import { TerminalError } from '../runtime/terminal-error.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { carryOut, needsRestart, type Restartable } from './carry-out.ts';
import type { MeshDns } from './corefile/mesh-dns.ts';
import { FollowedDns } from './followed-dns.ts';
import { placeKey, placeTitle, type DnsLayout, type DnsPlace } from './layout.ts';
import { LongNames } from './long-names.ts';
import type { DnsPlan, DnsTrouble } from './plan.ts';
import { objectKey, planPlace } from './plan-place.ts';
import { placeStatus } from './place-status.ts';
import { restartedOnce } from './restart-once.ts';
import { rivalTrouble } from './rival-trouble.ts';
import type { DnsStatus, PlaceStatus } from './status.ts';
import { unknownDns } from './unknown-dns.ts';

/** Times of keeping DNS, in milliseconds where nothing else is said. */
export interface DnsTiming {
  /**
   * How often DNS is written: DNS servers read their whole configuration anew each time, and somebody who takes the mesh's
   * names out again and again is not to be outdone.
   */
  readonly writeRate: Rate;
  /** How long services with long names are gathered. */
  readonly gatherMs: number;
  /** After how long what was another than it was read as is looked at again, whatever the watch says. */
  readonly outdatedMs: number;
  /** How long nothing is tried after it was not allowed. */
  readonly forbiddenMs: number;
}

const usualTiming: DnsTiming = {
  writeRate: { perSecond: 0.1, burst: 6 },
  gatherMs: 2_000,
  outdatedMs: 1_000,
  forbiddenMs: 60_000,
};

/** What DNS is kept with. */
export interface DnsKeeperOptions {
  readonly client: KubeClient;
  readonly mesh: Omit<MeshDns, 'longNames'>;
  /** Whether pods of CoreDNS are replaced once so that the mesh's names are known at once. */
  readonly restartsOnce: boolean;
  readonly log: Log;
  readonly clock: Clock;
  /** Times other than the usual ones. */
  readonly timing?: Partial<DnsTiming>;
}

/** The services of a mesh. */
export interface WantedNames {
  readonly services: { has(service: ServiceKey): boolean };
  /** Those that may have come or gone since last time. */
  readonly touched: Iterable<ServiceKey>;
}

/** Keeps DNS. Nothing is written before {@link want} has been called: until the mesh is known, so are none of its names. */
export class DnsKeeper {
  readonly #options: DnsKeeperOptions;
  readonly #followed: FollowedDns;
  readonly #names: LongNames;
  readonly #timing: DnsTiming;
  readonly #pace: TokenBucket;
  /** For which configuration this process had the pods of a place replaced. */
  readonly #restarted = new Map<string, string>();
  /** Whose names this process has taken out of a place. */
  readonly #replaced = new Map<string, string>();
  /** What was said of a place, or its last failure. */
  readonly #troubles = new Map<string, string>();
  #written: ReadonlyMap<string, string> | undefined;
  #isWanted = false;
  /** Services with long names for which there is no room. */
  #left = 0;
  #queue: WorkQueue | undefined;

  constructor(options: DnsKeeperOptions) {
    const { client, mesh, log, clock, timing } = options;
    this.#options = options;
    this.#timing = { ...usualTiming, ...timing };
    this.#pace = new TokenBucket(this.#timing.writeRate);
    this.#names = new LongNames(mesh.namespace);
    this.#followed = new FollowedDns({
      client,
      meshNamespace: mesh.namespace,
      log,
      clock,
      onChanged: (key) => this.#queue?.add(key),
      onLayout: (layout) => this.#tell(layout),
    });
  }

  /** Says which services there are now. */
  want({ services, touched }: WantedNames): void {
    for (const service of touched) this.#names.set(service, services.has(service));
    const { current } = this.#names;
    if (this.#isWanted && current === this.#written) return;
    const delayMs = this.#isWanted ? this.#timing.gatherMs : 0;
    this.#written = current;
    this.#isWanted = true;
    this.#tellOfNames();
    for (const place of this.#followed.layout ?? []) this.#queue?.addAfter(placeKey(place), delayMs);
  }

  /** Follows DNS until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#followed.run(signal);
  }

  /** Writes until the signal aborts; resolves when the last write has ended. */
  async lead(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const queue = new WorkQueue({ clock });
    this.#queue = queue;
    for (const place of this.#followed.layout ?? []) queue.add(placeKey(place));
    const reconcile = async (key: string, until: AbortSignal): Promise<RetryLater | void> =>
      await this.#reconcile(key, until);
    try {
      await runWorkers(queue, { workers: 1, reconcile, log, clock, signal });
    } finally {
      this.#queue = undefined;
    }
  }

  /** How things are. */
  status(): DnsStatus {
    const { layout, complaint } = this.#followed;
    if (layout?.length === 0) return { state: 'unknown', ...unknownDns(this.#mesh()) };
    if (layout === undefined || !this.#isWanted) {
      return { state: 'looking', ...(complaint !== undefined && { trouble: complaint }) };
    }
    return { state: 'known', places: layout.map((place) => this.#statusOf(place)) };
  }

  #statusOf(place: DnsPlace): PlaceStatus {
    const isKnown = this.#followed.isKnown(place);
    const failure = isKnown ? this.#troubles.get(placeKey(place)) : this.#followed.complaint;
    const plan = isKnown ? this.#plan(place) : undefined;
    const isStarted = plan !== undefined && !needsRestart(plan, this.#workload(place));
    return placeStatus(place, { plan, isStarted, failure });
  }

  #mesh(): MeshDns {
    return { ...this.#options.mesh, longNames: this.#names.current };
  }

  #plan(place: DnsPlace): DnsPlan {
    const mesh = this.#mesh();
    const plan = planPlace(place, this.#followed.find, mesh);
    return this.#options.restartsOnce ? restartedOnce(plan, place, mesh) : plan;
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<RetryLater | void> {
    const { clock } = this.#options;
    const place = this.#followed.place(key);
    if (!this.#isWanted || place === undefined || !this.#followed.isKnown(place)) return undefined;
    const plan = this.#plan(place);
    if (plan.trouble !== undefined)
      return this.#complain(key, plan.trouble.message, troubleFields(plan.trouble));
    if (plan.writes.length === 0 && !needsRestart(plan, this.#workload(place))) {
      this.#troubles.delete(key);
      return undefined;
    }
    const { replaces } = plan;
    // One that is gone does not come back.
    if (replaces !== undefined && this.#replaced.get(key) === replaces) {
      this.#complain(key, rivalTrouble(replaces), { dns: placeTitle(place) });
      return undefined;
    }
    const waitMs = this.#pace.availableAt - clock.now();
    if (waitMs > 0) return { retryAfterMs: waitMs };
    this.#pace.take(clock.now());
    return await this.#carryOut(place, plan, signal);
  }

  async #carryOut(place: DnsPlace, plan: DnsPlan, signal: AbortSignal): Promise<RetryLater | void> {
    const { client, log } = this.#options;
    const key = placeKey(place);
    const workload = this.#workload(place);
    // Should the write be done and the restart fail, pods that have had the same configuration before still have another.
    if (plan.restart?.onChange === true && plan.writes.length > 0) this.#restarted.set(key, '');
    try {
      const { changed, isRestarted } = await carryOut(plan, { client, workload, signal });
      if (plan.replaces !== undefined) this.#replaced.set(key, plan.replaces);
      if (isRestarted && plan.restart !== undefined) this.#restarted.set(key, plan.restart.for);
      log.info("Put the mesh's names into the cluster's DNS", {
        dns: placeTitle(place),
        changed: changed.map(objectKey),
        ...(isRestarted && { restarted: true }),
        ...(plan.replaces !== undefined && { inPlaceOfMeshIn: plan.replaces }),
      });
      return undefined;
    } catch (error) {
      if (signal.aborted || !(error instanceof KubeError)) throw error;
      return this.#afterFailure(key, error);
    }
  }

  /** @throws the failure where it is to be tried again by the queue's rules. */
  #afterFailure(key: string, error: KubeError): RetryLater {
    const { status, message } = error;
    // It was changed meanwhile, and comes by the watch.
    if (status === 404 || status === 409) return { retryAfterMs: this.#timing.outdatedMs };
    if (status === 403) {
      const { forbiddenMs } = this.#timing;
      const trouble = `${message}. It is tried again every ${forbiddenMs / 1000} s`;
      const what = "May not put the mesh's names into the cluster's DNS";
      this.#complain(key, what, { error: trouble }, trouble);
      return { retryAfterMs: forbiddenMs };
    }
    this.#troubles.set(key, message);
    throw status === 400 || status === 422 ? new TerminalError(message, { cause: error }) : error;
  }

  #workload(place: DnsPlace): Restartable | undefined {
    const workload = this.#followed.workloadOf(place);
    const restartedFor = this.#restarted.get(placeKey(place)) ?? workload?.restartedFor;
    return workload && { ...workload, restartedFor };
  }

  /** Says once what is wrong with a place. */
  #complain(
    key: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
    trouble: string = message,
  ): void {
    if (this.#troubles.get(key) === trouble) return;
    this.#troubles.set(key, trouble);
    this.#options.log.error(message, fields);
  }

  /** Says when names begin to be too many. */
  #tellOfNames(): void {
    const { left } = this.#names;
    if (left > 0 && this.#left === 0) {
      const message =
        "Services with long names are too many for the cluster's DNS: the last by their names have none";
      this.#options.log.error(message, { services: left });
    }
    this.#left = left;
  }

  #tell(layout: DnsLayout): void {
    const { log } = this.#options;
    if (layout.length > 0) {
      log.info("Found the cluster's DNS", { dns: layout.map(placeTitle) });
      return;
    }
    const { trouble, byHand } = unknownDns(this.#mesh());
    log.error(trouble, { byHand });
  }
}

function troubleFields({ advice, byHand }: DnsTrouble): Readonly<Record<string, unknown>> {
  return { advice, ...(byHand !== undefined && { byHand }) };
}
