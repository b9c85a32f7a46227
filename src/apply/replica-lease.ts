// The Lease by which a replica says that it lives, up to which version of the shadow Services the proxies that are
// connected to it have acknowledged what they are told, and what they refuse.

import type { ObjectToWrite } from '../kube/api-object.ts';
import type { KubeClient } from '../kube/client.ts';
import { compareVersions } from '../kube/versions.ts';
import { KubeError, needsSomebody } from '../kube/kube-error.ts';
import { leases } from '../kube/lease-record.ts';
import { microTime } from '../kube/micro-time.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import { refusedAnnotation, refusedText, type Refused } from './told-refusals.ts';

/** Labels of the Leases of replicas. The one by which they elect one has none. */
export const replicaLabels: Readonly<Record<string, string>> = { app: 'maesh', component: 'controller' };

/** Annotation with the version of the shadow Services that all proxies of a replica have acknowledged. */
export const acknowledgedAnnotation = 'mesh.traefik.io/acknowledged';

/** Annotation with the number of proxies that are connected to a replica, have all that they are told and serve it. */
export const proxiesAnnotation = 'mesh.traefik.io/connected-proxies';

/** Times of these Leases, in milliseconds. */
export interface ReplicaTiming {
  /** How often a Lease is renewed. */
  readonly renewMs: number;
  /** The shortest time between two writes. */
  readonly gapMs: number;
}

/** The usual times. */
export const defaultTiming: ReplicaTiming = { renewMs: 10_000, gapMs: 1_000 };

/** A pod, as it is told by the downward API. */
export interface PodGiven {
  readonly name: string;
  readonly uid: string;
}

/** Whose Lease it is. */
export interface ReplicaLeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who holds it, for people to read. */
  readonly holder: string;
  /** The pod with whose end the cluster deletes it; undefined outside of one. */
  readonly pod: PodGiven | undefined;
  /** How many proxies are connected, have all that they are told and serve it; asked at each write. */
  readonly proxies: () => number;
  /** What of services these refuse; asked at each write. Nothing by default. */
  readonly refused?: () => Iterable<Refused>;
  readonly log: Log;
  readonly clock: Clock;
  /** Times other than the usual ones. */
  readonly timing?: ReplicaTiming;
}

/**
 * Keeps the Lease of one replica. It is written every `renewMs`, and sooner only while a port rests whose end has not been
 * acknowledged in it: what changes in services and endpoints costs no write.
 */
export class ReplicaLease {
  readonly #options: ReplicaLeaseOptions;
  readonly #timing: ReplicaTiming;
  readonly #acquiredAt = microTime();
  readonly #created = Promise.withResolvers<void>();
  #acknowledged: string | undefined;
  #awaited: string | undefined;
  #written: string | undefined;
  #wake = new AbortController();
  #complaint = '';

  constructor(options: ReplicaLeaseOptions) {
    this.#options = options;
    this.#timing = options.timing ?? defaultTiming;
  }

  /**
   * Resolves when it is there for the first time. What is read of the shadow Services after that is known to every leader
   * that looks for this Lease after it changed one of them.
   */
  get created(): Promise<void> {
    return this.#created.promise;
  }

  /** Says up to which version proxies have acknowledged, and which one somebody waits for (undefined: none). */
  acknowledge(version: string | undefined, awaited: string | undefined): void {
    this.#acknowledged = version;
    this.#awaited = awaited;
    if (this.#isUrgent) this.#wake.abort();
  }

  /** Writes it until the signal aborts, then deletes it. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { renewMs, gapMs } = this.#timing;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const isWritten = await this.#call(() => this.#write(signal), signal);
      if (isWritten) this.#created.resolve();
      await sleep(gapMs, { clock, signal });
      const woken = AbortSignal.any([signal, this.#wake.signal]);
      if (isWritten && !this.#isUrgent) await sleep(renewMs - gapMs, { clock, signal: woken });
    }
    await this.#call(() => this.#delete(), signal);
  }

  get #isUrgent(): boolean {
    const isWaitedFor = this.#awaited !== undefined && isBefore(this.#written, this.#awaited);
    return isWaitedFor && this.#acknowledged !== this.#written;
  }

  async #write(signal: AbortSignal): Promise<void> {
    const acknowledged = this.#acknowledged;
    await this.#options.client.apply(leases, this.#manifest(acknowledged), { signal });
    this.#written = acknowledged;
  }

  async #delete(): Promise<void> {
    const { client, namespace, name } = this.#options;
    await client.delete({ type: leases, namespace, name }, { timeoutMs: 2_000 });
  }

  #manifest(acknowledged: string | undefined): ObjectToWrite {
    const { namespace, name, holder, pod, proxies, refused = () => [] } = this.#options;
    const text = refusedText(refused());
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        namespace,
        name,
        labels: replicaLabels,
        annotations: {
          ...(acknowledged !== undefined && { [acknowledgedAnnotation]: acknowledged }),
          [proxiesAnnotation]: String(proxies()),
          ...(text !== undefined && { [refusedAnnotation]: text }),
        },
        ...(pod !== undefined && { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...pod }] }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: Math.max(1, Math.ceil((4 * this.#timing.renewMs) / 1000)),
        acquireTime: this.#acquiredAt,
        renewTime: microTime(),
      },
    };
  }

  /** Does what may fail; says so once. */
  async #call(action: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    try {
      await action();
      this.#complaint = '';
      return true;
    } catch (error) {
      const isRefused = error instanceof KubeError;
      if (!isRefused && !signal.aborted) throw error;
      if (isRefused && error.message !== this.#complaint) {
        this.#complaint = error.message;
        const level = needsSomebody(error) ? 'error' : 'warn';
        this.#options.log[level]('Cannot write the Lease of this replica: trying again', {
          error: error.message,
        });
      }
      return false;
    }
  }
}

function isBefore(version: string | undefined, other: string): boolean {
  const order = version === undefined ? -1 : compareVersions(version, other);
  return order === undefined || order < 0;
}
