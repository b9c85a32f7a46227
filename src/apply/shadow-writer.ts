// Keeps shadow Services as they should be: one for each service of the mesh that has a mesh port, and no other. Only the
// leader writes; every replica reads, since what proxies are told is what the cluster has on record.

import { isDeepStrictEqual } from 'node:util';
import { catchUp } from '../kube/catch-up.ts';
import type { KubeClient, Selection } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { Reflector, type ReflectorTiming } from '../kube/reflector.ts';
import type { ReflectedChange } from '../kube/reflected-set.ts';
import { compareVersions } from '../kube/versions.ts';
import { byText, type PortKey, type ServiceKey } from '../model/key.ts';
import { setOrDelete } from '../model/maps.ts';
import type { ByTraffic } from '../model/ports.ts';
import type { PortMoves, RecordedPorts, SharedPorts } from '../model/recorded.ts';
import type { ServiceDraft } from '../model/services.ts';
import type { SlotTable } from '../model/slots.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Rate } from '../runtime/rate-limit.ts';
import { runTogether } from '../runtime/run-together.ts';
import { silentQueueObserver, type QueueObserver } from '../runtime/queue-observer.ts';
import { runWorkers, type RetryLater } from '../runtime/run-workers.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { FoundShadows, type ShadowKey } from './found-shadows.ts';
import { HandedOut } from './freed-ports.ts';
import { nextStep } from './move-step.ts';
import { Moves, runMoves, usualMoveTiming, type MoveTiming } from './moves.ts';
import { RestKeeper, type RestTiming } from './rest-keeper.ts';
import type { RestRecord } from './rests.ts';
import { restRecordKey, restRecordName, restRecordType, type RestingPort } from './resting-ports.ts';
import { services, ShadowCalls } from './shadow-calls.ts';
import { readShadow, type FoundShadow } from './shadow-reading.ts';
import { currentOf, writesOf, type ShadowWrite } from './shadow-writes.ts';
import { shadowOf, type Shadow, type ShadowPort, type TrafficDistribution } from './shadow.ts';

/** Calls to the API server at a time. */
const workers = 8;

/**
 * How often writes that failed are tried again. Workqueue's own rate would take minutes for a mesh of thousands of services
 * that failed together, as when its namespace is not there yet; a server that is too busy says so itself (429).
 */
const retryRate: Rate = { perSecond: 200, burst: 1000 };

/** After how long what was another than it was read as is looked at again, whatever the watch says, in milliseconds. */
const outdatedMs = 5_000;

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
   * Told whenever other mesh ports are on record, and of which service ports that is said; the first time when all shadow
   * Services are known. Whoever is told has to say anew what is wanted, be it the same: what changed is looked at only
   * then. Else what another replica has put on record would be overwritten with what this one wanted before it knew.
   */
  readonly onRecorded: (
    recorded: RecordedPorts,
    details: { readonly moves: PortMoves; readonly changed: ReadonlySet<PortKey> },
  ) => void;
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
  /** The services whose draft, or what they have in the table, may be another than last time, or that are gone. */
  readonly touched: ReadonlySet<ServiceKey>;
  /** The mesh ports handed out. The tables may be the same ones each time. */
  readonly table: ByTraffic<SlotTable>;
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
  readonly #calls: ShadowCalls;
  readonly #reflector: Reflector<FoundShadow>;
  readonly #found = new FoundShadows();
  readonly #wanted = new Map<ServiceKey, Shadow>();
  /** Keys of shadow Services that changed since it was said what is wanted. */
  readonly #changedKeys = new Set<ShadowKey>();
  #shared: SharedPorts = new Map();
  #handedOut: HandedOut | undefined;
  /** Whether mesh ports have come on record since it was said what is wanted that may have been given to others. */
  #isOutdated = false;
  #queue: WorkQueue | undefined;
  #rests: RestKeeper | undefined;
  #moves: Moves | undefined;
  /** By name: versions that our writes have made, until the next change comes by the watch. */
  readonly #written = new Map<string, string>();
  /** Ports of what may have been written: no answer said so. */
  readonly #doubtful = new Map<ServiceKey, readonly ShadowPort[]>();
  /** Mesh ports that are on record to rest, and those that are yet to be. */
  #resting: ReadonlySet<RestingPort> = new Set();
  readonly #toRest = new Set<RestingPort>();
  /** Keys that wait for that. */
  readonly #waitingForRecord = new Set<ShadowKey>();
  #version: string | undefined;
  #awaitedVersion: string | undefined;

  constructor(options: ShadowWriterOptions) {
    this.#options = options;
    const { client, namespace, log, clock, timing } = options;
    this.#calls = new ShadowCalls(options);
    this.#selection = {
      type: services,
      namespace,
      labelSelector: `app=maesh,type in (shadow,${restRecordType})`,
    };
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
  want({ drafts, touched, table, shared = new Map() }: Wanted): void {
    const { namespace, trafficDistribution } = this.#options;
    const sharedPort = (key: PortKey): number | undefined => {
      const meshPort = this.#found.recorded().get(key);
      return meshPort !== undefined && shared.has(meshPort) ? meshPort : undefined;
    };
    const mesh = { namespace, table, sharedPort, trafficDistribution: trafficDistribution() };
    this.#handedOut = new HandedOut(table);
    this.#shared = shared;
    this.#moves?.share(shared);
    this.#isOutdated = false;
    this.#look(this.#changedKeys);
    this.#changedKeys.clear();
    for (const key of touched) {
      const draft = drafts.get(key);
      const shadow = draft && shadowOf(draft, mesh);
      if (!isDeepStrictEqual(shadow, this.#wanted.get(key))) this.#queue?.add(key);
      setOrDelete(this.#wanted, key, shadow);
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
    const onTurn = (name: string): void => queue.add(this.#found.keyOf(name) ?? name);
    const onOver = (): void => queue.add(restRecordKey);
    const rests = new RestKeeper({ acknowledged, onOver, clock, timing: restTiming });
    this.#queue = queue;
    const moves = new Moves(clock, { ...usualMoveTiming, ...moveTiming });
    moves.share(this.#shared);
    this.#rests = rests;
    this.#moves = moves;
    this.#look(this.#wanted.keys());
    this.#look(this.#found.keys());
    for (const key of this.#found.keys()) for (const shadow of this.#found.of(key)) moves.see(shadow);
    for (const record of this.#found.of(restRecordKey)) rests.see(record);
    const reconcile = async (key: ShadowKey, until: AbortSignal): Promise<RetryLater | void> =>
      await this.#reconcile(key, until);
    try {
      await runTogether(
        [
          async (until) => await runWorkers(queue, { workers, reconcile, log, clock, signal: until }),
          async (until) => await rests.run(until),
          async (until) => await runMoves(moves, { ...this.#options, onTurn, signal: until }),
        ],
        signal,
      );
    } finally {
      this.#queue = undefined;
      this.#rests = undefined;
      this.#moves = undefined;
      this.#doubtful.clear();
      this.#toRest.clear();
      this.#waitingForRecord.clear();
    }
  }

  #changed(changes: readonly ReflectedChange<FoundShadow>[]): void {
    const { namespace, onRecorded } = this.#options;
    for (const { key, value } of changes) this.#take(key.slice(namespace.length + 1), value);
    onRecorded(this.#found.recorded(), {
      moves: this.#found.moves(),
      changed: this.#found.takeChanged(),
    });
  }

  #take(name: string, value: FoundShadow | undefined): void {
    for (const affected of this.#found.set(name, value)) this.#changedKeys.add(affected);
    const seen = value ?? { name, resourceVersion: '', resting: [], ports: [] };
    this.#moves?.see(seen);
    this.#written.delete(name);
    if (name === restRecordName) this.#takeRecord(seen);
    if (value !== undefined) this.#takeVersion(value);
  }

  #takeVersion(found: FoundShadow): void {
    const { resourceVersion, resting, ports } = found;
    this.#version = newer(this.#version, resourceVersion);
    const isAwaited = resting.length > 0 || ports.some(({ move }) => move !== undefined);
    if (isAwaited) this.#awaitedVersion = newer(this.#awaitedVersion, resourceVersion);
    this.#isOutdated ||= this.#handedOut?.isNews(found) === true;
  }

  #takeRecord(record: RestRecord): void {
    const { resting } = record;
    this.#rests?.see(record);
    this.#resting = new Set(resting);
    for (const port of resting) this.#toRest.delete(port);
    for (const key of this.#waitingForRecord) this.#changedKeys.add(key);
    this.#waitingForRecord.clear();
  }

  /** Whether we have written it anew since, so that it is looked at when that comes back. */
  #isComing({ name, resourceVersion }: FoundShadow): boolean {
    const written = this.#written.get(name);
    const order = written === undefined ? undefined : compareVersions(resourceVersion, written);
    return order !== undefined && order < 0;
  }

  /** What another replica has written meanwhile comes by the watch; should it not, this looks again. */
  async #reconcile(key: ShadowKey, signal: AbortSignal): Promise<RetryLater | void> {
    if (this.#handedOut === undefined) return undefined;
    if (this.#isOutdated || this.#changedKeys.has(key)) {
      // Is looked at when it is said what is wanted.
      this.#changedKeys.add(key);
      return undefined;
    }
    const found = this.#found.of(key);
    if (found.some((each) => this.#isComing(each))) return undefined;
    const isDone =
      key === restRecordKey
        ? await this.#recordResting(found[0], signal)
        : await this.#put(key, found, signal);
    return isDone ? undefined : { retryAfterMs: outdatedMs };
  }

  /** Has the shadow Services of a key be as they should. Returns whether nobody else was faster. */
  async #put(key: ShadowKey, found: readonly FoundShadow[], signal: AbortSignal): Promise<boolean> {
    const wanted = this.#wanted.get(key);
    const current = wanted && currentOf(wanted, found);
    const shadow = wanted && current ? this.#nextStep(wanted, current) : wanted;
    if (this.#mustRest(key, { found, live: shadow?.ports ?? [] })) return true;
    let isDone = true;
    for (const write of writesOf(shadow, found, this.#options.namespace)) {
      // oxlint-disable-next-line no-await-in-loop -- there is hardly ever more than one
      isDone = (await this.#write(write, signal)) && isDone;
    }
    this.#doubtful.delete(key);
    return isDone;
  }

  async #write(write: ShadowWrite, signal: AbortSignal): Promise<boolean> {
    if (write.call === 'delete') return await this.#calls.delete(write.current, { signal });
    const { call, shadow, current } = write;
    try {
      return this.#wrote(shadow.name, await this.#calls[call](shadow, { signal, current }));
    } catch (error) {
      const mayBeDone = error instanceof KubeError && error.mayBeDone;
      if (mayBeDone) this.#doubtful.set(shadow.service, shadow.ports);
      throw error;
    }
  }

  /**
   * Before mesh ports go from a shadow Service it has to be on record that they rest. Returns whether that is still to be
   * written: the key is looked at again when it comes back by the watch.
   */
  #mustRest(
    key: ShadowKey,
    { found, live }: { readonly found: readonly FoundShadow[]; readonly live: readonly ShadowPort[] },
  ): boolean {
    const all = [...found, { ports: this.#doubtful.get(key) ?? [] }];
    const freed = all.flatMap((each) => this.#handedOut?.freed(each, live) ?? []);
    const missing = freed.filter((port) => !this.#resting.has(port));
    if (missing.length === 0) return false;
    for (const port of missing) this.#toRest.add(port);
    this.#waitingForRecord.add(key);
    this.#queue?.add(restRecordKey);
    return true;
  }

  /** Puts on record what is to rest, all of it at once, and takes off what has rested. */
  async #recordResting(current: FoundShadow | undefined, signal: AbortSignal): Promise<boolean> {
    // A service that is back before it is on record that its ports rest keeps them.
    for (const port of this.#toRest) if (this.#handedOut?.has(port) === true) this.#toRest.delete(port);
    const before = current?.resting ?? [];
    const on = before.filter((port) => this.#rests?.isOver(port) !== true);
    const resting = [...new Set([...on, ...this.#toRest])].toSorted(byText);
    if (isDeepStrictEqual(resting, before)) {
      this.#look(this.#waitingForRecord);
      this.#waitingForRecord.clear();
      return true;
    }
    if (current !== undefined && resting.length === 0) return await this.#calls.delete(current, { signal });
    return this.#wrote(restRecordName, await this.#calls.recordResting(resting, { signal, current }));
  }

  #wrote(name: string, version: string | undefined): boolean {
    if (version === undefined) return false;
    this.#written.set(name, version);
    return true;
  }

  #nextStep(wanted: Shadow, current: FoundShadow): Shadow {
    return nextStep(wanted, current, {
      isShared: (port) => this.#shared.has(port),
      maySwitch: (name) => this.#moves?.maySwitch(name) === true,
      isDeserted: (port) => this.#moves?.isDeserted(port) === true,
    });
  }
}

/** The newer of two versions; the second where they have no order. */
function newer(before: string | undefined, after: string): string {
  const order = before === undefined ? undefined : compareVersions(before, after);
  return before !== undefined && order !== undefined && order > 0 ? before : after;
}
