// This replica among all: how far its proxies are, which it tells the others by its Lease, and how far theirs are.

import { randomUUID } from 'node:crypto';
import type { MoveTiming } from '../apply/moves.ts';
import { defaultTiming, ReplicaLease, type PodGiven, type ReplicaTiming } from '../apply/replica-lease.ts';
import { Replicas } from '../apply/replicas.ts';
import type { RestTiming } from '../apply/rest-keeper.ts';
import type { Refused } from '../apply/told-refusals.ts';
import type { ControllerOptions } from '../config/options.ts';
import { AcknowledgedVersion } from '../control/acknowledged-version.ts';
import type { KubeClient } from '../kube/client.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';

/** Times of rests and moves, and of what they wait for, other than the usual ones; in milliseconds. */
export interface ReplicaTimes {
  readonly rest?: RestTiming;
  readonly moves?: Partial<MoveTiming>;
  readonly lease?: ReplicaTiming;
  /** How long a Lease that nobody renews keeps freed ports from others. */
  readonly staleMs?: number;
}

/** What a replica is made of. */
export interface ReplicaOptions {
  readonly client: KubeClient;
  readonly options: Pick<ControllerOptions, 'namespace' | 'leaseName' | 'hostname' | 'env'>;
  readonly log: Log;
  readonly times: ReplicaTimes;
  /** How many proxies are connected to it, have all that they are told and serve it. */
  readonly proxies: () => number;
  /** What of services they refuse. */
  readonly refused: () => Iterable<Refused>;
  /** Told when {@link Replica.refusedByOthers} is another. */
  readonly onRefused: () => void;
}

/** How far things are when proxies have been told something, or have acknowledged it. */
export interface Progress {
  /** The newest version of a shadow Service that is known, and of one that somebody waits for; undefined: none. */
  readonly shadows: { readonly version: string | undefined; readonly awaitedVersion: string | undefined };
  /** The snapshot that was published last. */
  readonly sequence: number;
  /** The newest that all proxies have acknowledged. */
  readonly settled: number;
}

/** This replica. */
export class Replica {
  readonly #lease: ReplicaLease;
  readonly #replicas: Replicas;
  readonly #acknowledged = new AcknowledgedVersion();

  readonly #lookMs: number;
  #isLeading = false;

  constructor({ client, options, log, times, proxies, refused, onRefused }: ReplicaOptions) {
    const { namespace, leaseName, hostname, env } = options;
    const pod = podOf(env);
    // A container that starts again in its pod goes on with the Lease of the one before, which is dead for certain.
    const name = `${leaseName}-${pod?.name ?? randomUUID()}`;
    const common = { client, namespace, log, clock: systemClock };
    const { lease: timing = defaultTiming, staleMs } = times;
    this.#lookMs = timing.renewMs;
    this.#lease = new ReplicaLease({
      ...common,
      name,
      holder: hostname,
      pod,
      proxies,
      refused,
      timing,
    });
    this.#replicas = new Replicas({
      ...common,
      ownLease: name,
      onRefused,
      ...(staleMs !== undefined && { staleMs }),
    });
  }

  /** Resolves when the others can see it; nothing may be read of the record before. */
  get known(): Promise<void> {
    return this.#lease.created;
  }

  /** Tells the others until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#lease.run(signal);
  }

  /**
   * Looks for the first time what the proxies of other replicas refuse, to be called before {@link lead}. Resolves, too, where
   * the API server does not answer.
   */
  async beginToLead(signal: AbortSignal): Promise<void> {
    this.#isLeading = true;
    await this.#replicas.acknowledged(signal);
  }

  /** Goes on looking until the signal aborts. */
  async lead(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(this.#lookMs, { clock: systemClock, signal });
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      if (!signal.aborted) await this.#replicas.acknowledged(signal);
    }
    this.#isLeading = false;
  }

  /** What the proxies of other replicas refuse, as far as is known while this one leads; nothing else. */
  get refusedByOthers(): readonly Refused[] {
    return this.#isLeading ? this.#replicas.refused : [];
  }

  /** Says that proxies have been told what is made of the record as it is known now. */
  built({ shadows, sequence, settled }: Progress): void {
    if (shadows.version !== undefined) this.#acknowledged.built(shadows.version, sequence);
    this.settled({ shadows, settled });
  }

  /** Says that proxies have acknowledged something. */
  settled({ shadows, settled }: Omit<Progress, 'sequence'>): void {
    this.#acknowledged.settled(settled);
    this.#lease.acknowledge(this.#acknowledged.version, shadows.awaitedVersion);
  }

  /** The version of the shadow Services that the proxies of all replicas have acknowledged; see {@link Replicas}. */
  async acknowledgedByAll(signal: AbortSignal): Promise<string | undefined> {
    return await this.#replicas.acknowledged(signal);
  }

  /** How many proxies were connected to all replicas together when that was asked last. */
  get proxiesOfAll(): number {
    return this.#replicas.proxies;
  }
}

/** The pod that we run in, where the manifest gives its name and uid by the downward API. */
function podOf({ POD_NAME: name, POD_UID: uid }: ControllerOptions['env']): PodGiven | undefined {
  return name && uid ? { name, uid } : undefined;
}
