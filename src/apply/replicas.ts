// All replicas of a mesh, by their Leases: what the proxies of every one of them have acknowledged, and what they refuse.

import { isDeepStrictEqual } from 'node:util';
import { isRecord, type ApiObject } from '../kube/api-object.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { leases } from '../kube/lease-record.ts';
import { isDone, outdated } from '../kube/unless.ts';
import { compareVersions } from '../kube/versions.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { acknowledgedAnnotation, proxiesAnnotation, replicaLabels } from './replica-lease.ts';
import { readRefused, refusedAnnotation, type Refused } from './told-refusals.ts';

/** How long a Lease that nobody renews keeps freed ports from others, in milliseconds. */
const defaultStaleMs = 300_000;

/** Where replicas are found. */
export interface ReplicasOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Name of the Lease of this replica, which has to be among them. */
  readonly ownLease: string;
  readonly log: Log;
  readonly clock: Clock;
  /** A Lease that has not been renewed for so long is deleted; 5 min by default. */
  readonly staleMs?: number;
  /** Told when {@link Replicas.refused} is another. */
  readonly onRefused?: () => void;
}

interface Seen {
  readonly version: string;
  readonly since: number;
}

/** Looks at the replicas when it is asked, each time at what the API server has at that moment. */
export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #seen = new Map<string, Seen>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #complaint = '';
  #proxies = 0;
  #refused: readonly Refused[] = [];

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  /** How many proxies were connected to all replicas together, by the last look, and had all that they were told. */
  get proxies(): number {
    return this.#proxies;
  }

  /** What the proxies of other replicas refuse, by the last look. */
  get refused(): readonly Refused[] {
    return this.#refused;
  }

  /**
   * The version of the shadow Services that the proxies of all replicas have acknowledged; undefined where that is not
   * known, since one has not said yet or the API server doesn't answer.
   */
  async acknowledged(signal: AbortSignal): Promise<string | undefined> {
    const { client, namespace, ownLease } = this.#options;
    const labelSelector = Object.entries(replicaLabels)
      .map(([name, value]) => `${name}=${value}`)
      .join();
    try {
      const found = await client.list({ type: leases, namespace, labelSelector }, { signal });
      await this.#deleteStale(found, signal);
      this.#complaint = '';
      this.#proxies = found.reduce((sum, lease) => sum + proxiesOf(lease), 0);
      this.#setRefused(found.filter(({ metadata }) => metadata.name !== ownLease));
      const isOwnThere = found.some(({ metadata }) => metadata.name === ownLease);
      return isOwnThere ? least(found.map(acknowledgedOf)) : undefined;
    } catch (error) {
      this.#failed(error, signal);
      return undefined;
    }
  }

  /**
   * Looks for how long each stays as it is; what it says of the time itself is not compared with any clock, and times in which
   * nobody looked don't count: the API server may have been away then for whoever would have renewed it. Where a pod is
   * deleted, the cluster deletes its Lease; this is for those that nothing else deletes.
   */
  async #deleteStale(found: readonly ApiObject[], signal: AbortSignal): Promise<void> {
    const { client, namespace, clock, log, staleMs = defaultStaleMs } = this.#options;
    const now = clock.now();
    if (now - this.#lookedAt > staleMs / 2) this.#seen.clear();
    this.#lookedAt = now;
    const names = new Set(found.map(({ metadata }) => metadata.name));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    for (const { metadata } of found) {
      const { name, resourceVersion } = metadata;
      const seen = this.#seen.get(name);
      if (seen?.version !== resourceVersion) this.#seen.set(name, { version: resourceVersion, since: now });
      else if (now - seen.since >= staleMs) {
        const deletion = client.delete({ type: leases, namespace, name }, { resourceVersion, signal });
        // It may have been renewed at the last moment, or be gone already.
        // oxlint-disable-next-line no-await-in-loop -- a handful at most
        if (await isDone(deletion, outdated)) {
          const message =
            'Deleted the Lease of a replica that has not renewed it: freed ports wait for it no longer';
          log.warn(message, { lease: name });
        }
      }
    }
  }

  #setRefused(others: readonly ApiObject[]): void {
    const refused = others.flatMap((lease) => readRefused(annotationOf(lease, refusedAnnotation)));
    if (isDeepStrictEqual(refused, this.#refused)) return;
    this.#refused = refused;
    this.#options.onRefused?.();
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (!(error instanceof KubeError)) throw error;
    this.#seen.clear();
    if (error.message === this.#complaint) return;
    this.#complaint = error.message;
    this.#options.log.warn('Cannot look at the Leases of replicas: freed ports go on resting', {
      error: error.message,
    });
  }
}

function acknowledgedOf(lease: ApiObject): string | undefined {
  return annotationOf(lease, acknowledgedAnnotation);
}

function proxiesOf(lease: ApiObject): number {
  const text = annotationOf(lease, proxiesAnnotation);
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

function annotationOf({ metadata }: ApiObject, name: string): string | undefined {
  const { annotations } = metadata;
  const value = isRecord(annotations) ? annotations[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The oldest version; undefined where one is not known, or has no order. */
function least(versions: readonly (string | undefined)[]): string | undefined {
  let oldest = versions[0];
  for (const version of versions) {
    if (version === undefined || oldest === undefined) return undefined;
    const order = compareVersions(version, oldest);
    if (order === undefined) return undefined;
    if (order < 0) oldest = version;
  }
  return oldest;
}
