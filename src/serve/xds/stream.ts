// One stream of one proxy: its subscriptions, the answers to what it was sent, and the order in which it is told
// things. Make before break: clusters and their endpoints first; what uses them (listeners, scopes, routes) when the
// proxy has them; and clusters are taken away when the proxy no longer uses them.

import type { Clock, Timer } from '../../runtime/clock.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { TypeUrl } from '../../translate/resources.ts';
import { namesIn } from './batch.ts';
import type { Limits } from './batch.ts';
import { accessFence } from './access-fence.ts';
import type { Allowance } from './allowance.ts';
import { Gate } from './gate.ts';
import type { Outlet, Push, StreamEvents } from './push.ts';
import type { DeltaRequest } from './request.ts';
import { resourcesOf } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { Subscription } from './subscription.ts';
import { Warming } from './warming.ts';

const served: readonly string[] = Object.values(typeUrls);
const users: readonly TypeUrl[] = [typeUrls.listener, typeUrls.scopedRoutes, typeUrls.routes];
const anything: Allowance = { removeThrough: Infinity, spares: [] };
/** More types than there are: what is asked beyond is not answered, so that no client can fill the memory. */
const maxTypes = 32;

/** How a stream behaves. */
export interface StreamOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** How long one thing waits for another, at most, if nothing moves meanwhile. */
  readonly patienceMs: number;
  /**
   * How long after the last first request of a type nothing is removed from a client that reconnected: it tells what it
   * has type by type, and what it uses comes last.
   */
  readonly quietMs: number;
  readonly events: StreamEvents;
}

/**
 * The order works in waves. A wave takes the newest snapshot as its *target* and sends its clusters; endpoints are
 * always sent as they are in the newest snapshot (but for what {@link accessFence} holds back), and so are configurations of filters. When the proxy has the clusters and endpoints of the target, the
 * target is *made*: from now on listeners, scopes and routes are sent as they are in it, and the next wave begins. A
 * cluster that the target no longer has is removed when what was made at that time has arrived.
 */
export class Stream {
  readonly #options: StreamOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #pushes = new Map<string, { readonly push: Push; readonly sentAt: number }>();
  readonly #warming = new Warming();
  readonly #making: Gate;
  readonly #using: Gate;
  readonly #dropping: Gate;
  #newest: Snapshot | undefined;
  #target: Snapshot | undefined;
  #made: Snapshot | undefined;
  #nonce = 0;
  #quietUntil = -Infinity;
  #isReady = false;
  #isHeld = false;
  #alarm: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#making = new Gate(options.clock, options.patienceMs);
    this.#using = new Gate(options.clock, options.patienceMs);
    this.#dropping = new Gate(options.clock, options.patienceMs);
  }

  /** Whether the client has ever had a whole snapshot, listeners included. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * The newest sequence of which the client has everything; 0 before it has had any, listeners included, and while it has
   * reconnected and may not have said all that it has.
   */
  get acknowledged(): number {
    return this.#hasMoreToTell ? 0 : this.#settledByAll;
  }

  /** Its subscriptions, in the order of the first requests. */
  subscriptions(): IterableIterator<Subscription> {
    return this.#subscriptions.values();
  }

  /** Takes in a request. What follows from it is sent by the next {@link flush}. */
  receive(request: DeltaRequest): void {
    const { typeUrl } = request;
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription === undefined) {
      this.#open(request);
      return;
    }
    subscription.change(request);
    const sent = this.#pushes.get(typeUrl);
    // Another nonce answers nothing that is under way; what else the request says counts all the same.
    if (sent !== undefined && sent.push.nonce === request.responseNonce) {
      this.#pushes.delete(typeUrl);
      if (request.errorDetail === undefined) this.#accept(subscription, sent);
      else this.#refuse(subscription, sent.push, request.errorDetail.message);
    }
    if (typeUrl !== typeUrls.endpoints) return;
    for (const name of request.resourceNamesUnsubscribe)
      if (!subscription.wants(name)) this.#warming.end(name);
  }

  /** Works towards this snapshot from now on. What follows from it is sent by the next {@link flush}. */
  publish(snapshot: Snapshot): void {
    this.#newest = snapshot;
  }

  /** Nothing can be sent for now, which is not for the proxy to be blamed for: its patience begins anew when it can. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Sends everything that may be sent now. */
  flush(outlet: Outlet): void {
    if (!outlet.isWritable) {
      this.hold();
      return;
    }
    if (this.#isHeld) for (const gate of [this.#making, this.#using, this.#dropping]) gate.extend();
    this.#isHeld = false;
    const newest = this.#newest;
    // Nothing is made for a client that has not said what it wants: it would be made without waiting for anything.
    if (newest === undefined || this.#subscriptions.size === 0) return;
    do {
      this.#beginWave(newest);
      this.#make(newest, outlet);
    } while (this.#endWave() && this.#made !== newest);
    this.#use(outlet);
    for (const typeUrl of this.#subscriptions.keys()) {
      if (!served.includes(typeUrl)) this.#send(typeUrl, newest, { outlet, allowance: anything });
    }
    // Once more: what was sent or found to be nothing just now may have let a removal pass.
    this.#make(newest, outlet);
    this.#isReady ||= this.#settledByAll > 0;
    this.#setAlarm();
  }

  /** Ends its timers. */
  close(): void {
    this.#alarm?.timer.cancel();
    this.#alarm = undefined;
  }

  /** Whether it has reconnected, and may have resources of types that it has not asked for yet. */
  get #hasMoreToTell(): boolean {
    const isMissing = (typeUrl: string): boolean => !this.#subscriptions.has(typeUrl);
    return this.#options.clock.now() < this.#quietUntil && served.some(isMissing);
  }

  /** The newest sequence of which it has everything of the types that it has asked for; 0 before it has asked for listeners. */
  get #settledByAll(): number {
    if (!this.#subscriptions.has(typeUrls.listener)) return 0;
    return Math.min(...served.map((typeUrl) => this.#settled(typeUrl)));
  }

  #open(request: DeltaRequest): void {
    const { typeUrl } = request;
    if (this.#subscriptions.size >= maxTypes) return;
    if (!served.includes(typeUrl)) this.#options.events.unserved(typeUrl);
    const subscription = new Subscription(typeUrl, this.#options.limits);
    subscription.open(request);
    this.#subscriptions.set(typeUrl, subscription);
    if (Object.keys(request.initialResourceVersions).length > 0) {
      this.#quietUntil = this.#options.clock.now() + this.#options.quietMs;
    }
    if (typeUrl !== typeUrls.endpoints) return;
    // What was made before it was known which endpoints the client has is yet to be: these may be some that its users deny.
    this.#made = undefined;
    // The client may have asked before it got these clusters, and then it does not ask again.
    for (const name of this.#warming.assignments()) if (subscription.wants(name)) subscription.owe(name);
  }

  #accept(subscription: Subscription, { push, sentAt }: { push: Push; sentAt: number }): void {
    subscription.accept();
    this.#options.events.accepted(push, this.#options.clock.now() - sentAt);
    if (push.typeUrl === typeUrls.cluster) {
      for (const name of push.removed) this.#warming.drop(name);
      if (push.resources.length > 0) this.#making.extend();
    } else if (push.typeUrl === typeUrls.endpoints) {
      this.#endWarming(subscription, push);
    }
  }

  #refuse(subscription: Subscription, push: Push, message: string): void {
    const rejected = subscription.reject(message);
    this.#options.events.refused(push, message, rejected);
    if (rejected === undefined) return;
    if (push.typeUrl === typeUrls.cluster) this.#warming.drop(rejected.name);
    else if (push.typeUrl === typeUrls.endpoints) this.#endWarming(subscription, push);
  }

  #endWarming(endpoints: Subscription, push: Push): void {
    const before = this.#warming.first;
    for (const name of namesIn(push)) if (!endpoints.isDue(name)) this.#warming.end(name);
    if (before !== this.#warming.first) this.#making.extend();
  }

  #beginWave(newest: Snapshot): void {
    if (this.#target === newest || this.#target !== this.#made) return;
    if (this.#subscriptions.get(typeUrls.cluster)?.isUnderWay === true) return;
    this.#target = newest;
    this.#making.reset();
  }

  #make(newest: Snapshot, outlet: Outlet): void {
    const target = this.#target;
    if (target === undefined) return;
    // First, so that what leaves with this snapshot is known when it is asked what may leave.
    this.#advance(typeUrls.cluster, target);
    const clusters: Allowance = { removeThrough: this.#clustersMayGo(), spares: [] };
    this.#send(typeUrls.cluster, target, { outlet, allowance: clusters });
    const endpoints: Allowance = {
      removeThrough: this.#endpointsMayGo(),
      spares: [target, this.#made ?? target].map(({ resources }) => resources[typeUrls.endpoints]),
      limit: accessFence({
        target: target.resources[typeUrls.endpoints],
        users: this.#usersAreOf(target)?.resources[typeUrls.endpoints],
      }),
    };
    // The target's first: what it lacks must be gone before its users are sent, even if it is back by then.
    const { sequence = Infinity } = this.#subscriptions.get(typeUrls.endpoints) ?? {};
    const next = sequence < target.sequence ? target : newest;
    this.#send(typeUrls.endpoints, next, { outlet, allowance: endpoints });
    // Nothing refers to what is in them, and who calls must be known as it is now.
    this.#send(typeUrls.extensions, newest, { outlet, allowance: anything });
  }

  /**
   * The snapshot that all listeners and routes of the proxy are of: the target, if they are the same in it. Undefined where
   * it may still use others: what it was sent has not been acknowledged or was refused, or it has not yet said what it has.
   */
  #usersAreOf(target: Snapshot): Snapshot | undefined {
    const made = this.#made;
    if (made === undefined || !this.#subscriptions.has(typeUrls.listener)) return undefined;
    if (this.#options.clock.now() < this.#quietUntil) return undefined;
    for (const typeUrl of users) {
      const subscription = this.#subscriptions.get(typeUrl);
      if (subscription === undefined) continue;
      if (subscription.settled < made.sequence || subscription.hasStale) return undefined;
    }
    const isSame = users.every((typeUrl) => made.resources[typeUrl] === target.resources[typeUrl]);
    return isSame ? target : made;
  }

  /** Returns whether the wave has ended. */
  #endWave(): boolean {
    if (this.#target === this.#made || this.#target === undefined) return false;
    if (!this.#passes(this.#making, this.#isMissing(this.#target))) return false;
    this.#made = this.#target;
    return true;
  }

  /** What the proxy does not have yet of the clusters and endpoints of a snapshot. */
  #isMissing({ sequence }: Snapshot): string | undefined {
    if (this.#arrived(typeUrls.cluster) < sequence) return 'clusters';
    if (this.#arrived(typeUrls.endpoints) < sequence) return 'endpoints';
    const assignment = this.#warming.first;
    return assignment === undefined ? undefined : `endpoints ${assignment}`;
  }

  #use(outlet: Outlet): void {
    const made = this.#made;
    if (made === undefined) return;
    const { sequence } = made;
    this.#send(typeUrls.listener, made, { outlet, allowance: anything });
    const listeners = this.#settled(typeUrls.listener) < sequence ? 'listeners' : undefined;
    if (listeners !== undefined && !this.#passes(this.#using, listeners)) return;
    this.#send(typeUrls.scopedRoutes, made, { outlet, allowance: anything });
    const scopes = this.#settled(typeUrls.scopedRoutes) < sequence ? 'scoped routes' : undefined;
    if (this.#passes(this.#using, listeners ?? scopes)) {
      this.#send(typeUrls.routes, made, { outlet, allowance: anything });
    }
  }

  /** The sequence up to which clusters may be removed that are not in the target any more. */
  #clustersMayGo(): number {
    const leavingSince = this.#subscriptions.get(typeUrls.cluster)?.leavingSince ?? Infinity;
    // While users are not even sent, patience must not run out: they have their own.
    const made = this.#made?.sequence ?? 0;
    if (leavingSince === Infinity || leavingSince > made) {
      this.#dropping.reset();
      return made;
    }
    const isStale = users.some((typeUrl) => this.#subscriptions.get(typeUrl)?.hasStale === true);
    const isQuiet = this.#options.clock.now() >= this.#quietUntil;
    const through = isStale || !isQuiet ? 0 : Math.min(...users.map((typeUrl) => this.#settled(typeUrl)));
    const waitsFor =
      leavingSince > through ? 'listeners and routes without the clusters that are gone' : undefined;
    return this.#passes(this.#dropping, waitsFor) && waitsFor !== undefined ? Infinity : through;
  }

  /**
   * The sequence up to which endpoints may be removed: none while a cluster waits to be. Mostly none is left to remove
   * then, because Envoy gives up its interest with the cluster.
   */
  #endpointsMayGo(): number {
    const clusters = this.#subscriptions.get(typeUrls.cluster);
    if (clusters === undefined) return Infinity;
    return clusters.settled === clusters.sequence ? clusters.sequence : 0;
  }

  #passes(gate: Gate, waitsFor: string | undefined): boolean {
    const answer = gate.ask(waitsFor);
    if (answer === 'out of patience') this.#options.events.impatient(waitsFor ?? '');
    return answer !== 'closed';
  }

  #advance(typeUrl: string, snapshot: Snapshot): Subscription | undefined {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription === undefined || subscription.isUnderWay) return undefined;
    if (subscription.sequence !== snapshot.sequence) {
      subscription.advance(resourcesOf(snapshot, typeUrl), snapshot.sequence);
    }
    return subscription;
  }

  #send(typeUrl: string, snapshot: Snapshot, how: { outlet: Outlet; allowance: Allowance }): void {
    const subscription = this.#advance(typeUrl, snapshot);
    if (subscription === undefined) return;
    if (!how.outlet.isWritable) return;
    const batch = subscription.next(how.allowance);
    if (batch === undefined) return;
    if (typeUrl === typeUrls.cluster) this.#warm(batch.resources);
    this.#nonce += 1;
    const { resources, removed } = batch;
    const push = { typeUrl, nonce: String(this.#nonce), sequence: snapshot.sequence, resources, removed };
    this.#pushes.set(typeUrl, { push, sentAt: this.#options.clock.now() });
    how.outlet.write(push);
  }

  /**
   * Envoy makes a new cluster object of a changed cluster, and does not ask for its endpoints again if it asked for
   * them before: they are sent again, after the cluster. Without that the change waits for the initial fetch timeout.
   */
  #warm(clusters: Push['resources']): void {
    const endpoints = this.#subscriptions.get(typeUrls.endpoints);
    for (const cluster of clusters) {
      const assignment = this.#warming.begin(cluster);
      if (assignment !== undefined && endpoints?.wants(assignment) === true) endpoints.owe(assignment);
    }
  }

  #arrived(typeUrl: TypeUrl): number {
    return this.#subscriptions.get(typeUrl)?.arrived ?? Infinity;
  }

  #settled(typeUrl: string): number {
    return this.#subscriptions.get(typeUrl)?.settled ?? Infinity;
  }

  #setAlarm(): void {
    const { clock, events } = this.#options;
    const isWaiting =
      this.#hasMoreToTell ||
      (this.#subscriptions.get(typeUrls.cluster)?.leavingSince ?? Infinity) !== Infinity ||
      this.#subscriptions.get(typeUrls.endpoints)?.withholds === true;
    const quiet = isWaiting && this.#quietUntil > clock.now() ? this.#quietUntil : Infinity;
    const gates = [this.#making, this.#using, this.#dropping].map(({ deadline }) => deadline ?? Infinity);
    const at = Math.min(quiet, ...gates);
    if (this.#alarm?.at === at) return;
    this.close();
    if (at === Infinity) return;
    const ring = (): void => {
      this.#alarm = undefined;
      events.due();
    };
    this.#alarm = { at, timer: clock.after(Math.max(0, at - clock.now()), ring) };
  }
}
