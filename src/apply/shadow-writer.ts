// Keeps shadow Services as they should be: one for each service of the mesh that has a mesh port, and no other. Only the
// leader writes; every replica reads, since what proxies are told is what the cluster has on record.

import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Reflector, type ReflectorTiming } from '../kube/reflector.ts';
import type { ReflectedChange } from '../kube/reflected-set.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { ServiceKey } from '../model/key.ts';
import type { PortTable } from '../model/ports.ts';
import type { RecordedPorts } from '../model/recorded.ts';
import type { ServiceDraft } from '../model/services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { silentQueueObserver, type QueueObserver } from '../runtime/queue-observer.ts';
import { runWorkers } from '../runtime/run-workers.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { FoundShadows, type ShadowKey } from './found-shadows.ts';
import { differenceOf, readShadow, type FoundShadow } from './shadow-reading.ts';
import { shadowManifest, shadowOf, type Shadow, type TrafficDistribution } from './shadow.ts';

const services: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'services',
  verbs: ['list', 'watch', 'create', 'patch', 'delete'],
};

/** Calls to the API server at a time. */
const workers = 8;

/** What shadow Services are made with. */
export interface ShadowWriterOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace, in which they are. */
  readonly namespace: string;
  /** What the API server takes; asked when the mesh is known. */
  readonly trafficDistribution: () => TrafficDistribution;
  /** Who is told of the work; asked whenever this replica begins to lead. */
  readonly queueObserver?: () => QueueObserver;
  /**
   * Told whenever other mesh ports are on record; the first time when all shadow Services are known. Whoever is told has
   * to say anew what is wanted, be it the same: what changed is looked at only then. Else what another replica has put
   * on record would be overwritten with what this one wanted before it knew.
   */
  readonly onRecorded: (recorded: RecordedPorts) => void;
  readonly log: Log;
  readonly clock: Clock;
  /** Times of the reflector, other than the usual ones. */
  readonly timing?: Partial<ReflectorTiming>;
}

/** What the mesh wants. */
export interface Wanted {
  readonly drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
  readonly table: PortTable;
}

/**
 * Follows the shadow Services of a mesh, and writes them while it leads. Nothing is written before {@link want} has been
 * called: until the mesh is known, every shadow Service may be wanted.
 */
export class ShadowWriter {
  readonly #options: ShadowWriterOptions;
  readonly #reflector: Reflector<FoundShadow>;
  readonly #found = new FoundShadows();
  readonly #wanted = new Map<
    ServiceKey,
    { readonly draft: ServiceDraft; readonly shadow: Shadow | undefined }
  >();
  /** Keys of shadow Services that changed since it was said what is wanted. */
  readonly #changedKeys = new Set<ShadowKey>();
  #table: PortTable | undefined;
  #queue: WorkQueue | undefined;

  constructor(options: ShadowWriterOptions) {
    this.#options = options;
    const { client, namespace, log, clock, timing } = options;
    this.#reflector = new Reflector<FoundShadow>({
      client,
      selection: { type: services, namespace, labelSelector: 'app=maesh,type=shadow' },
      decode: (object) => readShadow(namespace, object),
      onSynced: (changes) => this.#changed(changes),
      onChanged: (changes) => this.#changed(changes),
      log,
      clock,
      ...(timing !== undefined && { timing }),
    });
  }

  /** Follows shadow Services until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal);
  }

  /** Says what the mesh wants now. */
  want({ drafts, table }: Wanted): void {
    const { namespace, trafficDistribution } = this.#options;
    const mesh = { namespace, table, trafficDistribution: trafficDistribution() };
    const isSameTable = table === this.#table;
    this.#table = table;
    this.#look(this.#changedKeys);
    this.#changedKeys.clear();
    for (const [key, draft] of drafts) {
      const before = this.#wanted.get(key);
      if (isSameTable && before?.draft === draft) continue;
      const shadow = shadowOf(draft, mesh);
      this.#wanted.set(key, { draft, shadow });
      if (!isDeepStrictEqual(shadow, before?.shadow)) this.#queue?.add(key);
    }
    if (this.#wanted.size > drafts.size) this.#forgetAllBut(drafts);
  }

  #forgetAllBut(drafts: ReadonlyMap<ServiceKey, unknown>): void {
    for (const key of this.#wanted.keys()) {
      if (drafts.has(key)) continue;
      this.#wanted.delete(key);
      this.#queue?.add(key);
    }
  }

  /** Has what these keys stand for looked at, where this replica leads. */
  #look(keys: Iterable<ShadowKey>): void {
    for (const key of keys) this.#queue?.add(key);
  }

  /** Writes until the signal aborts; resolves when the last write has ended. */
  async lead(signal: AbortSignal): Promise<void> {
    const { clock, log, queueObserver = () => silentQueueObserver } = this.#options;
    const queue = new WorkQueue({ clock, observer: queueObserver() });
    this.#queue = queue;
    this.#look(this.#wanted.keys());
    this.#look(this.#found.keys());
    try {
      await runWorkers(queue, {
        workers,
        reconcile: (key, until) => this.#reconcile(key, until),
        log,
        clock,
        signal,
      });
    } finally {
      this.#queue = undefined;
    }
  }

  #changed(changes: readonly ReflectedChange<FoundShadow>[]): void {
    const { namespace, onRecorded } = this.#options;
    for (const { key, value } of changes) {
      const name = key.slice(namespace.length + 1);
      for (const affected of this.#found.set(name, value)) this.#changedKeys.add(affected);
    }
    onRecorded(this.#found.recorded());
  }

  async #reconcile(key: ShadowKey, signal: AbortSignal): Promise<void> {
    // Is looked at when it is said what is wanted.
    if (this.#table === undefined || this.#changedKeys.has(key)) return;
    const shadow = this.#wanted.get(key)?.shadow;
    const found = this.#found.of(key);
    const others = found.filter(({ name }) => name !== shadow?.name);
    await Promise.all(others.map(async (other) => await this.#delete(other, signal)));
    if (shadow === undefined) return;
    const current = found.find(({ name }) => name === shadow.name);
    const difference = current && differenceOf(current, shadow, this.#options.namespace);
    if (current === undefined) await this.#apply(shadow, { signal });
    else if (difference === 'fields') await unlessOutdated(this.#apply(shadow, { signal, current }));
    // Is made anew when it is gone.
    else if (difference === 'family') await this.#delete(current, signal);
    else if (difference === 'ports') await this.#replacePorts(current, shadow, signal);
  }

  /** What is applied comes back by the watch, and is looked at once more then. */
  async #apply(shadow: Shadow, { signal, current }: Applying): Promise<void> {
    const { client, namespace, log } = this.#options;
    const { metadata, ...manifest } = shadowManifest(shadow, namespace);
    const version = current && { resourceVersion: current.resourceVersion };
    await client.apply(services, { ...manifest, metadata: { ...metadata, ...version } }, { signal });
    log.info('Wrote a shadow Service', { service: shadow.service, shadow: shadow.name });
  }

  /** Ports that somebody else gave stay when others are applied: the list is replaced as a whole. */
  async #replacePorts(current: FoundShadow, shadow: Shadow, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options;
    const { ports } = shadowManifest(shadow, namespace).spec;
    const target = { type: services, namespace, name: shadow.name };
    const { resourceVersion } = current;
    await unlessOutdated(client.patch(target, { spec: { ports } }, { resourceVersion, signal }));
    log.info('Took strange ports from a shadow Service', { service: shadow.service, shadow: shadow.name });
  }

  async #delete({ name, uid, resourceVersion, service }: FoundShadow, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options;
    const target = { type: services, namespace, name };
    await unlessOutdated(client.delete(target, { uid, resourceVersion, signal }));
    log.info('Deleted a shadow Service', { service: service ?? 'none', shadow: name });
  }
}

interface Applying {
  readonly signal: AbortSignal;
  /** What was read, where something was; applied only if it is still that. */
  readonly current?: FoundShadow;
}

/** What is no longer there, or no longer as it was read, comes by the watch and is looked at then. */
async function unlessOutdated(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    const isOutdated = error instanceof KubeError && (error.status === 404 || error.status === 409);
    if (!isOutdated) throw error;
  }
}
