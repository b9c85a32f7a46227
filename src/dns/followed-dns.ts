// Follows what a cluster's DNS is and what it is told: the workloads that answer it, and the few objects that hold their
// configuration, each by its name. Every replica does, so that each can say how things are; only the leader writes.

import { isDeepStrictEqual } from 'node:util';

import type { ApiObject } from '../kube/api-object.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Reflector } from '../kube/reflector.ts';
import type { ReflectedChange } from '../kube/reflected-set.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { aborted, runTogether } from '../runtime/run-together.ts';
import { hasOperator, workloadOf } from './find-dns.ts';
import { findLayout } from './find-layout.ts';
import { dnsNamespace, placeKey, type DnsLayout, type DnsPlace } from './layout.ts';
import type { FindObject } from './plan.ts';
import { objectKey, objectsOf } from './plan-place.ts';
import { readWorkload, workloadTypes, type DnsWorkload, type WorkloadKind } from './workload.ts';

/** What is followed, and who is told. */
export interface FollowedDnsOptions {
  readonly client: KubeClient;
  /** The mesh's own. */
  readonly meshNamespace: string;
  /** Told of a place, by its key, of which something may be another than before. */
  readonly onChanged: (key: string) => void;
  /** Told once the places are known, and whenever they are others. */
  readonly onLayout: (layout: DnsLayout) => void;
  readonly log: Log;
  readonly clock: Clock;
}

/** A cluster's DNS as far as it is known. Constructing it asks nothing. */
export class FollowedDns {
  readonly #options: FollowedDnsOptions;
  readonly #workloads: readonly Reflector<DnsWorkload>[];
  readonly #known = Promise.withResolvers<void>();
  #waitingFor: number;
  #hasOperator = false;
  #layout: DnsLayout | undefined;
  #objects = new Map<string, ApiObject | undefined>();
  /** Why objects can't be followed now, by what they are. */
  readonly #complaints = new Map<string, string>();
  #endPlaces = new AbortController();

  constructor(options: FollowedDnsOptions) {
    this.#options = options;
    const kinds: readonly WorkloadKind[] = ['Deployment', 'DaemonSet'];
    this.#workloads = kinds.map((kind) => this.#workloadReflector(kind));
    this.#waitingFor = kinds.length;
  }

  /** The places where DNS is configured, sorted; undefined where that isn't known yet. */
  get layout(): DnsLayout | undefined {
    return this.#layout;
  }

  /** Why something can't be followed; undefined where everything can. */
  get complaint(): string | undefined {
    return this.#complaints.values().next().value;
  }

  /** Finds what was read last. */
  readonly find: FindObject = (name) => this.#objects.get(objectKey(name));

  /** The place of this key; undefined where there is none (any more). */
  place(key: string): DnsPlace | undefined {
    return this.#layout?.find((place) => placeKey(place) === key);
  }

  /** Whether all that a place is made of has been read. */
  isKnown(place: DnsPlace): boolean {
    return objectsOf(place).every((name) => this.#objects.has(objectKey(name)));
  }

  /** The workload whose pods read a place; undefined where that makes no difference. */
  workloadOf(place: DnsPlace): DnsWorkload | undefined {
    return workloadOf({ workloads: this.#allWorkloads() }, place);
  }

  /** Follows until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const isOperated = await this.#lookForOperator(signal);
    if (isOperated === undefined) return;
    this.#hasOperator = isOperated;
    if (isOperated) this.#workloadsKnown();
    const reflectors = isOperated ? [] : this.#workloads;
    await runTogether(
      [...reflectors.map((each) => each.run.bind(each)), (until) => this.#followPlaces(until)],
      signal,
    );
  }

  /** Undefined after an abort. */
  async #lookForOperator(signal: AbortSignal): Promise<boolean | undefined> {
    const { client, clock, log } = this.#options;
    const backoff = new Backoff({ clock, firstMs: 500, maxMs: 60_000 });
    while (!signal.aborted) {
      try {
        return await hasOperator(client, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof KubeError)) throw error;
        if (this.#complaints.get('operator') !== error.message) {
          log.warn('Cannot find out what DNS the cluster has: trying again', { error: error.message });
        }
        this.#complaints.set('operator', error.message);
        await backoff.wait(signal, error.retryAfterSeconds * 1000);
      }
    }
    return undefined;
  }

  #workloadReflector(kind: WorkloadKind): Reflector<DnsWorkload> {
    return new Reflector<DnsWorkload>({
      ...this.#common(`${kind}s`),
      selection: { type: workloadTypes[kind], namespace: dnsNamespace },
      decode: (object) => readWorkload(kind, object),
      isSame: isDeepStrictEqual,
      onSynced: () => {
        this.#waitingFor -= 1;
        if (this.#waitingFor === 0) this.#workloadsKnown();
      },
      onChanged: () => {
        if (this.#waitingFor === 0) this.#workloadsKnown();
      },
    });
  }

  #allWorkloads(): readonly DnsWorkload[] {
    return this.#workloads.flatMap((each) => [...each.values()]);
  }

  #workloadsKnown(): void {
    const { meshNamespace, onLayout } = this.#options;
    const workloads = this.#allWorkloads();
    const layout = findLayout({ workloads, hasOperator: this.#hasOperator, meshNamespace });
    this.#complaints.delete('operator');
    if (!isDeepStrictEqual(layout, this.#layout)) {
      this.#layout = layout;
      this.#endPlaces.abort();
      onLayout(layout);
      this.#known.resolve();
    }
    this.#changed(layout);
  }

  async #followPlaces(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#known.promise, aborted(signal)]);
    while (!signal.aborted) {
      this.#endPlaces = new AbortController();
      this.#objects = new Map();
      const objects = new Map((this.#layout ?? []).flatMap(objectsOf).map((name) => [objectKey(name), name]));
      const reflectors = [...objects.values()].map((name) => this.#objectReflector(name));
      // oxlint-disable-next-line no-await-in-loop -- the places of one layout after those of the one before
      await runTogether(
        [aborted, ...reflectors.map((each) => each.run.bind(each))],
        AbortSignal.any([signal, this.#endPlaces.signal]),
      );
    }
  }

  #objectReflector(object: ObjectName): Reflector<ApiObject> {
    const { type, namespace, name } = object;
    const key = objectKey(object);
    const objects = this.#objects;
    const take = (changes: readonly ReflectedChange<ApiObject>[]): void => {
      objects.set(key, changes.at(-1)?.value);
      this.#changed(this.#layout ?? []);
    };
    return new Reflector<ApiObject>({
      ...this.#common(key),
      // By its name: a Role that names the object is enough for that.
      selection: { type, namespace, fieldSelector: `metadata.name=${name}` },
      decode: (found) => found,
      onSynced: take,
      onChanged: take,
    });
  }

  #changed(places: readonly DnsPlace[]): void {
    for (const place of places) if (this.isKnown(place)) this.#options.onChanged(placeKey(place));
  }

  #common(
    what: string,
  ): Pick<ConstructorParameters<typeof Reflector>[0], 'client' | 'log' | 'clock' | 'onState'> {
    const { client, log, clock } = this.#options;
    return {
      client,
      log,
      clock,
      onState: (state) => {
        if ('error' in state) this.#complaints.set(what, state.error.message);
        else this.#complaints.delete(what);
      },
    };
  }
}
