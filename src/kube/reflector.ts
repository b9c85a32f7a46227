// Follows all objects of one resource: lists them, watches what changes, and whatever happens to connection and server,
// ends with what the server has.

import { Backoff } from '../runtime/backoff.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { KubeClient, Selection } from './client.ts';
import { firstServed } from './discovery.ts';
import { failure, KubeError, type Subject } from './kube-error.ts';
import { ReflectedSet, type ReflectedChange, type ReflectedSetOptions } from './reflected-set.ts';
import { StateLog, type ReflectorState } from './reflector-state.ts';
import { resourceName } from './resource-type.ts';
import { Turns } from './turns.ts';
import { watchEvents, type WatchEvent } from './watch-stream.ts';

/** Times of a reflector, in milliseconds. */
export interface ReflectorTiming {
  /** The longest wait after a first failure; waits double from there. */
  readonly retryMs: number;
  /** The longest wait of all. */
  readonly maxRetryMs: number;
  /** How long nothing may come while a list is under way. */
  readonly listSilenceMs: number;
  /** How long nothing may come on a watch. Servers send a bookmark a minute. */
  readonly watchSilenceMs: number;
  /** How long the server is asked to keep a watch open, at least; it is up to twice as long. */
  readonly watchMs: number;
}

const defaultTiming: ReflectorTiming = {
  retryMs: 200,
  maxRetryMs: 15_000,
  listSilenceMs: 30_000,
  watchSilenceMs: 150_000,
  watchMs: 300_000,
};

/** A watch that the server ends sooner than this is no watch: the next one waits as after a failure. */
const shortWatchMs = 1_000;
/** After so long without a failure, the next one counts as the first. */
const forgetAfterMs = 60_000;
/** Failures to go on from a version, with an answer of the server each, after which a list is asked for instead. */
const maxFruitless = 3;

/** What a reflector follows, and whom it tells. Callbacks are called one at a time, never from within `run()` itself. */
export interface ReflectorOptions<T> extends ReflectedSetOptions<T> {
  readonly client: KubeClient;
  readonly selection: Selection;
  /**
   * Versions in which the resource is understood, the best first. It is followed in the first of them that the server
   * has, also where that becomes another: the one of the selection alone by default.
   */
  readonly versions?: readonly string[];
  /**
   * Called once, with everything that there is (possibly nothing): when the first list is complete, or the server has
   * no such resource.
   */
  readonly onSynced: (items: readonly ReflectedChange<T>[]) => void;
  /** Called after that with what differs, each key once, nothing that the receiver has already. */
  readonly onChanged: (changes: readonly ReflectedChange<T>[]) => void;
  /** Called whenever the state is another; not for the one at the start. */
  readonly onState?: (state: ReflectorState) => void;
  readonly log: Log;
  readonly clock?: Clock;
  /** A number from 0 to below 1, each time another; chance by default. */
  readonly random?: () => number;
  /** Times other than the usual ones. */
  readonly timing?: Partial<ReflectorTiming>;
}

/** Follows one resource. Constructing it asks nothing. */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  /** What is followed, in the version that is asked for now. */
  #selection: Selection;
  readonly #timing: ReflectorTiming;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #set: ReflectedSet<T>;
  readonly #backoff: Backoff;
  readonly #stateLog: StateLog;
  readonly #turns = new Turns();
  #state: ReflectorState = { kind: 'starting' };
  #hasSynced = false;
  #told: string | undefined;
  /** Whether the server tells a list as events (watch-list, Kubernetes 1.32 and later); tried until it refuses. */
  #canStreamLists = true;
  #fruitless = 0;

  constructor(options: ReflectorOptions<T>) {
    const { clock = systemClock, random = Math.random, timing, selection } = options;
    this.#options = options;
    this.#timing = { ...defaultTiming, ...timing };
    this.#clock = clock;
    this.#random = random;
    this.#set = new ReflectedSet(options);
    const { retryMs, maxRetryMs } = this.#timing;
    this.#backoff = new Backoff({ clock, random, firstMs: retryMs, maxMs: maxRetryMs, forgetAfterMs });
    const { type, namespace } = selection;
    // One of the two may be enough for now, but not for every server and every moment.
    this.#selection = { ...selection, type: { verbs: ['list', 'watch'], ...type } };
    const fields = { resource: resourceName(type), ...(namespace !== undefined && { namespace }) };
    this.#stateLog = new StateLog(options.log.with(fields), clock);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** The version up to which every event has been told; undefined where only a list can tell what there is. */
  get position(): string | undefined {
    return this.#told;
  }

  /** Number of objects known of. */
  get size(): number {
    return this.#set.size;
  }

  /** What is kept of an object, by `namespace/name`. */
  get(key: string): T | undefined {
    return this.#set.get(key);
  }

  /** Every object known of, in no particular order. */
  values(): Iterable<T> {
    return this.#set.values();
  }

  /** Follows the resource until the signal aborts. Rejects only with what a callback throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const start = this.#clock.now();
      try {
        await this.#follow(signal);
        if (this.#clock.now() - start < shortWatchMs) await this.#backoff.wait(signal);
        await this.#lookForBetterVersion(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof KubeError)) throw error;
        await this.#recover(error, signal);
      }
    }
  }

  /** One list, where one is needed, and one watch. Returns when the server ends that in its place. */
  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#set.position !== undefined) {
      await this.#watch({ resourceVersion: this.#set.position }, signal);
    } else if (this.#canStreamLists) {
      await this.#streamList(signal);
    } else {
      await this.#pageList(signal);
      await this.#watch({ resourceVersion: this.#set.position }, signal);
    }
  }

  async #streamList(signal: AbortSignal): Promise<void> {
    this.#set.beginList();
    try {
      await this.#watch({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, signal);
    } catch (error) {
      // Servers without it refuse its parameters, or take them for those of a watch that begins anywhere.
      const isListing = this.#set.position === undefined;
      const isRefusal = error instanceof KubeError && [400, 422].includes(error.status);
      const isSilent = error instanceof KubeError && error.reason === 'Silent';
      if (isListing && (isRefusal || isSilent)) this.#canStreamLists = false;
      if (!isListing || !isRefusal) throw error;
      await this.#follow(signal);
    }
  }

  async #pageList(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    this.#set.beginList();
    let from: string | undefined;
    do {
      const page = await client.listPage(this.#selection, { from, signal });
      for (const object of page.items) await this.#turns.spend(() => this.#set.addToList(object));
      from = page.next;
      if (from === undefined) this.#endList(page.resourceVersion);
    } while (from !== undefined);
  }

  async #watch(
    query: Readonly<Record<string, string | boolean | undefined>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#options;
    const { watchMs, watchSilenceMs, listSilenceMs } = this.#timing;
    const timeoutSeconds = Math.ceil((watchMs * (1 + this.#random())) / 1000);
    const options = { signal, timeoutMs: listSilenceMs };
    const stream = await client.watch(this.#selection, {
      ...options,
      query: { ...query, allowWatchBookmarks: true, timeoutSeconds },
    });
    if (this.#isListed()) this.#enter({ kind: 'synced' });
    const batches = watchEvents(stream, {
      subject: this.#subject(),
      clock: this.#clock,
      turns: this.#turns,
      silenceMs: () => (this.#isListed() ? watchSilenceMs : listSilenceMs),
    });
    for await (const events of batches) await this.#take(events);
  }

  #isListed(): boolean {
    return this.#set.position !== undefined;
  }

  /** Takes the events of a moment and tells what they change, even where one of them can't be. */
  async #take(events: readonly WatchEvent[]): Promise<void> {
    try {
      for (const event of events) await this.#turns.spend(() => this.#takeEvent(event));
    } finally {
      if (this.#hasSynced) this.#tell();
    }
  }

  #takeEvent(event: WatchEvent): void {
    if (event.type === 'BOOKMARK') {
      if (!this.#isListed()) {
        if (event.endsList) this.#endList(event.version);
      } else if (this.#set.bookmark(event.version) === 'newer') this.#fruitless = 0;
    } else if (this.#isListed()) {
      if (this.#set.take(event.type, event.object) === 'taken') this.#fruitless = 0;
      else this.#lost();
    } else this.#set.addToList(event.object, event.type);
  }

  #lost(): never {
    this.#set.forgetPosition();
    throw failure(this.#subject(), {
      reason: 'OutOfOrder',
      why: 'events came that are older than those before',
    });
  }

  #endList(version: string): void {
    this.#set.endList(version);
    this.#fruitless = 0;
    this.#tell();
    this.#enter({ kind: 'synced' });
  }

  /** Tells what is new; the first time, everything. */
  #tell(): void {
    const changes = this.#set.takeChanges();
    this.#told = this.#set.position;
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#options.onSynced(changes);
    } else if (changes.length > 0) this.#options.onChanged(changes);
  }

  /** Finds out what a failure means, and waits before the next attempt. */
  async #recover(error: KubeError, signal: AbortSignal): Promise<void> {
    if (error.isExpired) this.#set.forgetPosition();
    if (isAnswer(error)) this.#fruitless += 1;
    if (this.#fruitless >= maxFruitless) this.#set.forgetPosition();
    if (error.status === 404 || error.status === 403) await this.#lookForResource(error, signal);
    else this.#enter({ kind: 'failing', error });
    await this.#backoff.wait(signal, error.retryAfterSeconds * 1000);
  }

  /**
   * Asks the server itself whether it has the resource: one 404 alone must not make every object vanish, and a 403 may
   * be about a resource that is not there.
   */
  async #lookForResource(error: KubeError, signal: AbortSignal): Promise<void> {
    const refusal: ReflectorState = { kind: error.status === 403 ? 'forbidden' : 'failing', error };
    let version: string | undefined;
    try {
      version = await this.#servedVersion(signal);
    } catch (cause) {
      if (signal.aborted) return;
      if (!(cause instanceof KubeError)) throw cause;
      this.#enter(error.status === 403 ? refusal : { kind: 'failing', error: cause });
      return;
    }
    if (version === undefined) {
      this.#set.clear();
      this.#tell();
      this.#enter({ kind: 'absent' });
    } else if (version !== this.#selection.type.version) this.#use(version);
    else if (this.#state.kind !== 'absent' || error.status === 403) this.#enter(refusal);
  }

  async #lookForBetterVersion(signal: AbortSignal): Promise<void> {
    const current = this.#selection.type.version;
    const { versions = [current] } = this.#options;
    if (signal.aborted || versions[0] === current) return;
    const version = await this.#servedVersion(signal);
    // One that is served no more ends with a 404.
    if (version !== undefined && version !== current) this.#use(version);
  }

  async #servedVersion(signal: AbortSignal): Promise<string | undefined> {
    const { client, versions = [this.#selection.type.version] } = this.#options;
    return await firstServed(client, this.#selection.type, { versions, signal });
  }

  /** Lists anew in another version, in which the same objects may say more. */
  #use(version: string): void {
    this.#selection = { ...this.#selection, type: { ...this.#selection.type, version } };
    this.#set.forgetPosition();
    this.#stateLog.version(version);
  }

  #enter(state: ReflectorState): void {
    const isNew = state.kind !== this.#state.kind;
    this.#state = state;
    this.#stateLog.state(state, this.#set.size);
    if (isNew) this.#options.onState?.(state);
  }

  #subject(): Subject {
    return { verb: 'watch', target: this.#selection };
  }
}

/** Whether the server was reached, answered, and may answer so for ever; being busy or away passes by itself. */
function isAnswer({ status, reason }: KubeError): boolean {
  return reason === 'Malformed' || (status >= 400 && ![401, 403, 429, 503].includes(status));
}
