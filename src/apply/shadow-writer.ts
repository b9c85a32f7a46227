// Keeps shadow Services as they should be: one for each service of the mesh that has a mesh port, and no other. Only the
// leader writes; every replica reads, since what proxies are told is what the cluster has on record.

import { isDeepStrictEqual } from 'node:util';
import { catchUp } from '../kube/catch-up.ts';
import type { KubeClient, Selection } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Reflector, type ReflectorTiming } from '../kube/reflector.ts';
import type { ReflectedChange } from '../kube/reflected-set.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import { compareVersions } from '../kube/versions.ts';
import type { PortKey, ServiceKey } from '../model/key.ts';
import type { PortTable } from '../model/ports.ts';
import type { PortMoves, RecordedPorts, SharedPorts } from '../model/recorded.ts';
import type { ServiceDraft } from '../model/services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Rate } from '../runtime/rate-limit.ts';
import { runTogether } from '../runtime/run-together.ts';
import { silentQueueObserver, type QueueObserver } from '../runtime/queue-observer.ts';
import { runWorkers } from '../runtime/run-workers.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { FoundShadows, type ShadowKey } from './found-shadows.ts';
import { HandedOut, meshPortsOf } from './freed-ports.ts';
import { nextStep } from './move-step.ts';
import { Moves, runMoves, usualMoveTiming, type MoveTiming } from './moves.ts';
import { RestKeeper, type RestTiming } from './rest-keeper.ts';
import { restingAnnotation, restingText, type RestingPort } from './resting-ports.ts';
import { differenceOf, readShadow, type FoundShadow } from './shadow-reading.ts';
import {
  shadowManifest,
  shadowOf,
  type Shadow,
  type ShadowPort,
  type TrafficDistribution,
} from './shadow.ts';

const services: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'services',
  verbs: ['list', 'watch', 'create', 'patch', 'delete'],
};

/** Calls to the API server at a time. */
const workers = 8;

/**
 * How often writes that failed are tried again. Workqueue's own rate would take minutes for a mesh of thousands of services
 * that failed together, as when its namespace is not there yet; a server that is too busy says so itself (429).
 */
const retryRate: Rate = { perSecond: 200, burst: 1000 };

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
  readonly onRecorded: (recorded: RecordedPorts, moves: PortMoves) => void;
  /** The version of the shadow Services that the proxies of all replicas have acknowledged; undefined: not known. */
  readonly acknowledged: (signal: AbortSignal) => Promise<string | undefined>;
  readonly log: Log;
  readonly clock: Clock;
  /** Times of the reflector, other than the usual ones. */
  readonly timing?: Partial<ReflectorTiming>;
  readonly restTiming: RestTiming;
  /** Whether all proxies that callers may be sent to are among those that acknowledge; else nothing moves. They are by default. */
  readonly areProxiesKnown?: () => boolean;
  /** Times of moves, other than the usual ones. */
  readonly moveTiming?: Partial<MoveTiming>;
}

/** What the mesh wants. */
export interface Wanted {
  readonly drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
  readonly table: PortTable;
  /** Mesh ports that several service ports have on record, and that they are to leave. */
  readonly shared?: SharedPorts;
}

/**
 * Follows the shadow Services of a mesh, and writes them while it leads. Nothing is written before {@link want} has been
 * called: until the mesh is known, every shadow Service may be wanted.
 */
export class ShadowWriter {
  readonly #options: ShadowWriterOptions;
  readonly #selection: Selection;
  readonly #reflector: Reflector<FoundShadow>;
  readonly #found = new FoundShadows();
  readonly #wanted = new Map<
    ServiceKey,
    { readonly draft: ServiceDraft; readonly shadow: Shadow | undefined }
  >();
  /** Keys of shadow Services that changed since it was said what is wanted. */
  readonly #changedKeys = new Set<ShadowKey>();
  #table: PortTable | undefined;
  #shared: SharedPorts = new Map();
  #handedOut: HandedOut | undefined;
  /** Whether mesh ports have come on record since it was said what is wanted that may have been given to others. */
  #isOutdated = false;
  #queue: WorkQueue | undefined;
  #rests: RestKeeper | undefined;
  #moves: Moves | undefined;
  /** By name: versions that our writes have made, until the next change comes by the watch. */
  readonly #written = new Map<string, string>();
  #version: string | undefined;
  #awaitedVersion: string | undefined;

  constructor(options: ShadowWriterOptions) {
    this.#options = options;
    const { client, namespace, log, clock, timing } = options;
    this.#selection = { type: services, namespace, labelSelector: 'app=maesh,type=shadow' };
    this.#reflector = new Reflector<FoundShadow>({
      client,
      selection: this.#selection,
      decode: (object) => readShadow(namespace, object),
      onSynced: (changes) => this.#changed(changes),
      onChanged: (changes) => this.#changed(changes),
      log,
      clock,
      ...(timing !== undefined && { timing }),
    });
  }

  /** The newest version of a shadow Service that is known; undefined where there was none yet. */
  get version(): string | undefined {
    return this.#version;
  }

  /** The newest version of one with mesh ports that rest or move; undefined where there was none yet. */
  get awaitedVersion(): string | undefined {
    return this.#awaitedVersion;
  }

  /** Follows shadow Services until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal);
  }

  /** Says what the mesh wants now. */
  want({ drafts, table, shared = new Map() }: Wanted): void {
    const { namespace, trafficDistribution } = this.#options;
    const sharedPort = (key: PortKey): number | undefined => {
      const meshPort = this.#found.recorded().get(key);
      return meshPort !== undefined && shared.has(meshPort) ? meshPort : undefined;
    };
    const mesh = { namespace, table, sharedPort, trafficDistribution: trafficDistribution() };
    const isSameTable = table === this.#table;
    this.#table = table;
    if (!isSameTable) this.#handedOut = new HandedOut(table);
    this.#shared = shared;
    this.#moves?.share(shared);
    this.#isOutdated = false;
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

  /**
   * Writes until the signal aborts; resolves when the last write has ended. First of all it is made sure that everything
   * is known which another replica has written before.
   */
  async lead(signal: AbortSignal): Promise<void> {
    const { client, acknowledged, restTiming, moveTiming, clock, log } = this.#options;
    const { queueObserver = () => silentQueueObserver } = this.#options;
    const position = (): string | undefined => this.#reflector.position;
    await catchUp({ client, selection: this.#selection, position, log, clock, signal });
    const queue = new WorkQueue({ clock, observer: queueObserver(), retry: { overall: retryRate } });
    const onOver = (name: string): void => queue.add(this.#found.keyOf(name) ?? name);
    const rests = new RestKeeper({ acknowledged, onOver, clock, timing: restTiming });
    this.#queue = queue;
    const moves = new Moves(clock, { ...usualMoveTiming, ...moveTiming });
    moves.share(this.#shared);
    this.#rests = rests;
    this.#moves = moves;
    this.#look(this.#wanted.keys());
    this.#look(this.#found.keys());
    for (const key of this.#found.keys()) {
      for (const shadow of this.#found.of(key)) {
        rests.see(shadow);
        moves.see(shadow);
      }
    }
    const reconcile = async (key: ShadowKey, until: AbortSignal): Promise<void> =>
      await this.#reconcile(key, until);
    try {
      await runTogether(
        [
          async (until) => await runWorkers(queue, { workers, reconcile, log, clock, signal: until }),
          async (until) => await rests.run(until),
          async (until) => await runMoves(moves, { ...this.#options, onTurn: onOver, signal: until }),
        ],
        signal,
      );
    } finally {
      this.#queue = undefined;
      this.#rests = undefined;
      this.#moves = undefined;
    }
  }

  #changed(changes: readonly ReflectedChange<FoundShadow>[]): void {
    const { namespace, onRecorded } = this.#options;
    for (const { key, value } of changes) this.#take(key.slice(namespace.length + 1), value);
    onRecorded(this.#found.recorded(), this.#found.moves());
  }

  #take(name: string, value: FoundShadow | undefined): void {
    for (const affected of this.#found.set(name, value)) this.#changedKeys.add(affected);
    const seen = value ?? { name, resourceVersion: '', resting: [], ports: [] };
    this.#rests?.see(seen);
    this.#moves?.see(seen);
    this.#written.delete(name);
    if (value === undefined) return;
    this.#version = newer(this.#version, value.resourceVersion);
    const isAwaited = value.resting.length > 0 || value.ports.some(({ move }) => move !== undefined);
    if (isAwaited) this.#awaitedVersion = newer(this.#awaitedVersion, value.resourceVersion);
    this.#isOutdated ||= this.#handedOut?.isNews(value) === true;
  }

  /** Whether we have written it anew since, so that it is looked at when that comes back. */
  #isComing({ name, resourceVersion }: FoundShadow): boolean {
    const written = this.#written.get(name);
    const order = written === undefined ? undefined : compareVersions(resourceVersion, written);
    return order !== undefined && order < 0;
  }

  async #reconcile(key: ShadowKey, signal: AbortSignal): Promise<void> {
    if (this.#table === undefined) return;
    if (this.#isOutdated || this.#changedKeys.has(key)) {
      // Is looked at when it is said what is wanted.
      this.#changedKeys.add(key);
      return;
    }
    const wanted = this.#wanted.get(key)?.shadow;
    const found = this.#found.of(key);
    if (found.some((each) => this.#isComing(each))) return;
    const current = found.find(({ name }) => name === wanted?.name);
    const shadow = wanted && current ? this.#nextStep(wanted, current) : wanted;
    const others = found.filter((each) => each !== current);
    await Promise.all(others.map(async (other) => await this.#retire(other, { shadow, current, signal })));
    if (shadow === undefined) return;
    if (current === undefined) await this.#apply(shadow, { signal });
    else if (!(await this.#keepsRest(current, shadow.ports, signal))) {
      await this.#mend(current, shadow, signal);
    }
  }

  #nextStep(wanted: Shadow, current: FoundShadow): Shadow {
    return nextStep(wanted, current, {
      isShared: (port) => this.#shared.has(port),
      maySwitch: (name) => this.#moves?.maySwitch(name) === true,
      isDeserted: (port) => this.#moves?.isDeserted(port) === true,
    });
  }

  async #mend(current: FoundShadow, shadow: Shadow, signal: AbortSignal): Promise<void> {
    const difference = differenceOf(current, shadow, this.#options.namespace);
    if (difference === 'fields') await unlessOutdated(this.#apply(shadow, { signal, current }));
    // Is made anew when it is gone.
    else if (difference === 'family') await this.#delete(current, signal);
    else if (difference === 'ports') await this.#replacePorts(current, shadow, signal);
  }

  /** Takes away a shadow Service that nobody wants, when its mesh ports are on record elsewhere or have rested. */
  async #retire(found: FoundShadow, { shadow, current, signal }: Retiring): Promise<void> {
    const live = shadow?.ports ?? [];
    if (await this.#keepsRest(found, live, signal)) return;
    const has = (ports: readonly ShadowPort[], { meshPort }: ShadowPort): boolean =>
      ports.some((port) => port.meshPort === meshPort);
    const isOnRecord = found.ports.every((port) => !has(live, port) || has(current?.ports ?? [], port));
    if (isOnRecord && this.#resting(found, live).length === 0) await this.#delete(found, signal);
  }

  /**
   * Puts on record which mesh ports rest before anything else happens to a shadow Service, and takes those off the record
   * that have rested. Returns whether it wrote, and so has to look again when that comes back by the watch.
   */
  async #keepsRest(found: FoundShadow, live: readonly ShadowPort[], signal: AbortSignal): Promise<boolean> {
    const { client, namespace, log } = this.#options;
    const { name, resourceVersion } = found;
    const resting = this.#resting(found, live);
    const isOver = resting.length === 0 && live.length === 0;
    if (isOver || isDeepStrictEqual(resting, found.resting)) return false;
    const annotations = { [restingAnnotation]: restingText(resting) };
    const target = { type: services, namespace, name };
    const written = await unlessOutdated(
      client.patch(target, { metadata: { annotations } }, { resourceVersion, signal }),
    );
    if (written !== undefined) this.#written.set(name, written.metadata.resourceVersion);
    log.info('Put on record which mesh ports rest', {
      service: found.service ?? 'none',
      ports: resting.join(' '),
    });
    return true;
  }

  /** The mesh ports of a shadow Service that have to rest: where it lives on, for as long as it still has them. */
  #resting(found: FoundShadow, live: readonly ShadowPort[]): readonly RestingPort[] {
    const held = live.length === 0 ? [] : found.ports.flatMap(meshPortsOf);
    const freed = this.#handedOut?.freed(found, live) ?? [];
    return freed.filter((port) => held.includes(port) || this.#rests?.isOver(found.name, port) !== true);
  }

  /** What is applied comes back by the watch, and is looked at once more then. */
  async #apply(shadow: Shadow, { signal, current }: Applying): Promise<void> {
    const { client, namespace, log } = this.#options;
    const { metadata, ...manifest } = shadowManifest(shadow, namespace);
    const version = current && { resourceVersion: current.resourceVersion };
    const written = await client.apply(
      services,
      { ...manifest, metadata: { ...metadata, ...version } },
      { signal },
    );
    this.#written.set(shadow.name, written.metadata.resourceVersion);
    log.info('Wrote a shadow Service', { service: shadow.service, shadow: shadow.name });
  }

  /** Ports that somebody else gave stay when others are applied: the list is replaced as a whole. */
  async #replacePorts(current: FoundShadow, shadow: Shadow, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options;
    const { ports } = shadowManifest(shadow, namespace).spec;
    const target = { type: services, namespace, name: shadow.name };
    const { resourceVersion } = current;
    const written = await unlessOutdated(
      client.patch(target, { spec: { ports } }, { resourceVersion, signal }),
    );
    if (written !== undefined) this.#written.set(shadow.name, written.metadata.resourceVersion);
    log.info('Took strange ports from a shadow Service', { service: shadow.service, shadow: shadow.name });
  }

  async #delete({ name, uid, resourceVersion, service }: FoundShadow, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options;
    const target = { type: services, namespace, name };
    await unlessOutdated(client.delete(target, { uid, resourceVersion, signal }));
    log.info('Deleted a shadow Service', { service: service ?? 'none', shadow: name });
  }
}

/** What takes the place of a shadow Service that nobody wants. */
interface Retiring {
  readonly shadow: Shadow | undefined;
  /** What there is of it already. */
  readonly current: FoundShadow | undefined;
  readonly signal: AbortSignal;
}

interface Applying {
  readonly signal: AbortSignal;
  /** What was read, where something was; applied only if it is still that. */
  readonly current?: FoundShadow;
}

/** What is no longer there, or no longer as it was read, comes by the watch and is looked at then. */
async function unlessOutdated<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    const isOutdated = error instanceof KubeError && (error.status === 404 || error.status === 409);
    if (!isOutdated) throw error;
    return undefined;
  }
}

/** The newer of two versions; the second where they have no order. */
function newer(before: string | undefined, after: string): string {
  const order = before === undefined ? undefined : compareVersions(before, after);
  return before !== undefined && order !== undefined && order > 0 ? before : after;
}
