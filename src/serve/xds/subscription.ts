// The bookkeeping of one resource type on one stream: what the client asked for, what it holds, what it is owed, what
// it was sent last and what it rejected. It decides what a response may hold, never when one is sent; it knows
// neither gRPC nor the other types. At most one response is under way.

import type { ServiceKey } from '../../model/key.ts';
import type { Resource } from '../../translate/resources.ts';
import { type Allowance, nothing, type Pick } from './allowance.ts';
import { Batch, namesIn } from './batch.ts';
import type { Limits } from './batch.ts';
import { Holdings } from './holdings.ts';
import { Lacking } from './lacking.ts';
import type { DeltaRequest } from './request.ts';
import { difference } from './snapshot.ts';
import type { ResourceMap } from './snapshot.ts';
import { Suspects } from './suspects.ts';
import type { Verdict } from './suspects.ts';

const wildcardName = '*';

/** What a client would not take, and has not since replaced by something that it took. */
export interface Rejected {
  readonly name: string;
  /** The version that was rejected; undefined where the client rejected the removal. */
  readonly version: string | undefined;
  readonly services: readonly ServiceKey[];
  /** What the client said about it. */
  readonly message: string;
}

interface Due {
  /** The sequence that it is due since. */
  readonly since: number;
  /** The client is to get an answer, also if it holds what there is. */
  readonly owed: boolean;
}

export class Subscription {
  readonly typeUrl: string;
  readonly #limits: Limits;
  readonly #holdings = new Holdings();
  readonly #suspects = new Suspects();
  readonly #rejected = new Map<string, Rejected>();
  // Both in the order in which they became due, so that the first is the oldest.
  readonly #due = new Map<string, Due>();
  readonly #leaving = new Map<string, number>();
  readonly #lacking = new Lacking();
  /** What was owed last, shared by all that is since the same sequence. */
  #owed: Due = { since: 0, owed: true };
  #sequence = 0;
  #greeting = false;
  #lastWasPart = false;
  #underWay: Batch | undefined;

  constructor(typeUrl: string, limits: Limits) {
    this.typeUrl = typeUrl;
    this.#limits = limits;
  }

  /** The sequence of the snapshot that it works towards; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether a response waits for its answer. */
  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  get rejected(): ReadonlyMap<string, Rejected> {
    return this.#rejected;
  }

  /** Names that it stores for this client alone, beside the shared map: a measure of its memory. */
  get storedCount(): number {
    return this.#holdings.storedCount + this.#due.size + this.#leaving.size;
  }

  /** The newest sequence of which the client has everything, removals included, or rejected it for good. */
  get settled(): number {
    return Math.min(this.arrived, this.leavingSince - 1, this.#lacking.since - 1);
  }

  /** Like {@link settled}, but removals that have not been sent yet don't count, nor what has to wait for others. */
  get arrived(): number {
    const since = Math.min(
      this.#greeting ? this.#sequence : Infinity,
      this.#due.values().next().value?.since ?? Infinity,
      this.#underWay?.since ?? Infinity,
      this.#suspects.since,
    );
    return Math.max(0, Math.min(this.#sequence, since - 1));
  }

  /** The sequence since which the oldest removal that has not been sent is due; Infinity where there is none. */
  get leavingSince(): number {
    return this.#leaving.values().next().value ?? Infinity;
  }

  /** Whether the client has only a part of something because of a {@link Limit}. */
  get withholds(): boolean {
    return this.#lacking.withholds;
  }

  /** Whether this resource waits to be sent (again). */
  isDue(name: string): boolean {
    return this.#due.has(name);
  }

  wants(name: string): boolean {
    return this.#holdings.wants(name);
  }

  /** Whether the client keeps on using an older version of something, because it rejected the newer one. */
  get hasStale(): boolean {
    for (const name of this.#rejected.keys()) {
      if (this.#holdings.get(name).version !== undefined || this.#suspects.isDoubtful(name)) return true;
    }
    return false;
  }

  /**
   * The first request on a stream for this type, before the first {@link advance}. What it says that the client holds
   * already (it does when it reconnects) is not sent again if it is still the same, and removed if it is no more.
   */
  open(request: DeltaRequest): void {
    const { resourceNamesSubscribe: names, initialResourceVersions: versions } = request;
    const isEmpty = names.length === 0 && request.resourceNamesUnsubscribe.length === 0;
    if (isEmpty || names.includes(wildcardName)) {
      this.#holdings.addWildcard();
      const claims = Object.entries(versions);
      for (const [name, version] of claims) this.#holdings.set(name, { named: false, version });
      this.#greeting = claims.length === 0;
    }
    for (const name of names) {
      if (name === wildcardName) continue;
      const version = versions[name];
      this.#holdings.set(name, { named: true, version });
      if (version === undefined) this.owe(name);
    }
  }

  /**
   * Every later request: names that the client asks for from now on, or no longer. If the request is an answer too,
   * this comes before {@link accept} or {@link reject}: the client began to ask before it read the response.
   */
  change(request: DeltaRequest): void {
    for (const name of request.resourceNamesSubscribe) {
      if (name === wildcardName) this.#subscribeAll();
      else this.#subscribe(name);
    }
    for (const name of request.resourceNamesUnsubscribe) {
      if (name === wildcardName) this.#unsubscribeAll();
      else this.#unsubscribe(name);
    }
  }

  /** Works towards this map from now on. Only while nothing is under way. */
  advance(resources: ResourceMap, sequence: number): void {
    // Snapshots may have been passed over: the client lacks what changed in any of them.
    const since = this.#sequence + 1;
    const { changed, removed } = difference(this.#holdings.resources, resources);
    this.#sequence = sequence;
    this.#holdings.rebase(resources);
    const due: Due = { since, owed: false };
    for (const name of changed) {
      this.#leaving.delete(name);
      if (!this.#due.has(name) && this.wants(name)) this.#due.set(name, due);
    }
    for (const name of removed) this.#leave(name, since);
    if (since === 1)
      for (const [name] of this.#holdings.stored()) if (!resources.has(name)) this.#leave(name, since);
    this.#holdings.compact();
  }

  /** The client is to get this resource (again), if it wants it: what it holds is not enough. */
  owe(name: string): void {
    const before = this.#due.get(name);
    if (before?.owed === true) return;
    const since = before?.since ?? this.#sequence;
    if (this.#owed.since !== since) this.#owed = { since, owed: true };
    this.#due.set(name, this.#owed);
  }

  /**
   * Takes what is to be sent next, or undefined where there is nothing. It is under way from then on, until the
   * client has accepted or rejected it. Only while nothing is under way.
   */
  next(allowance: Allowance): Batch | undefined {
    // Its limit may have become wider.
    for (const name of this.#lacking.withheld()) {
      if (!this.#due.has(name)) this.#due.set(name, { since: this.#sequence, owed: false });
    }
    const batch = new Batch(this.#limits);
    // Parts take turns with the rest: many bad resources must not keep good news waiting.
    const partFirst = this.#suspects.isWaiting && !this.#lastWasPart;
    if (partFirst) this.#fillWithPart(batch, allowance);
    this.#lastWasPart = batch.size > 0;
    if (batch.size === 0) this.#fill(batch, allowance);
    if (batch.size === 0) this.#fillWithPart(batch, allowance);
    if (batch.size === 0 && !this.#greeting) return undefined;
    this.#greeting = false;
    batch.since = Math.min(batch.since, this.#sequence);
    this.#underWay = batch;
    return batch;
  }

  /** The client accepted what is under way. */
  accept(): Batch | undefined {
    const batch = this.#underWay;
    if (batch === undefined) return undefined;
    this.#underWay = undefined;
    for (const { name } of batch.resources) this.#accepted(name);
    this.#holdings.hold(batch.resources);
    for (const { name } of batch.resources) {
      // A spare one: the client was given it because it could not do without, not because it is to stay.
      if (!this.#holdings.resources.has(name)) this.#leave(name, this.#sequence);
    }
    for (const name of batch.removed) {
      this.#accepted(name);
      this.#holdings.release(name);
    }
    this.#holdings.compact();
    return batch;
  }

  /**
   * The client rejected what is under way, and keeps what it held. One resource alone is not sent again before it
   * changes; of several it is found out which is at fault, by sending them again in smaller parts.
   * Returns what is now known to be rejected, if it is.
   */
  reject(message: string): Rejected | undefined {
    const batch = this.#underWay;
    this.#underWay = undefined;
    if (batch === undefined || batch.size === 0) return undefined;
    const verdicts: Verdict[] = batch.resources.map(({ name, version }) => [name, version]);
    for (const name of batch.removed) verdicts.push([name, undefined]);
    const [only] = verdicts;
    if (verdicts.length > 1 || only === undefined) {
      this.#suspects.split(verdicts, batch.since);
      return undefined;
    }
    this.#suspects.settle(only);
    const [name, version] = only;
    if (!this.wants(name)) return undefined;
    const rejected = { name, version, services: batch.resources[0]?.services ?? [], message };
    this.#rejected.set(name, rejected);
    return rejected;
  }

  #subscribe(name: string): void {
    const { version } = this.#holdings.get(name);
    this.#holdings.set(name, { named: true, version });
    this.#remind(name);
  }

  #subscribeAll(): void {
    const { wildcard, resources } = this.#holdings;
    this.#holdings.addWildcard();
    this.#greeting = true;
    // It is unknown whether the client read what is under way before or after it began to want it.
    for (const name of this.#underWay === undefined ? [] : namesIn(this.#underWay)) this.#remind(name);
    if (wildcard) {
      for (const [name] of this.#holdings.stored()) this.#remind(name);
      for (const name of resources.keys()) this.#remind(name);
      return;
    }
    const due: Due = { since: this.#sequence, owed: false };
    for (const name of resources.keys()) if (!this.#due.has(name)) this.#due.set(name, due);
  }

  /** The client asks for what it may hold or have forgotten. */
  #remind(name: string): void {
    const { version } = this.#holdings.get(name);
    if (version !== undefined) this.#suspects.doubt([name, version]);
    this.owe(name);
  }

  #unsubscribe(name: string): void {
    const { named, version } = this.#holdings.get(name);
    if (!named) return;
    if (this.#holdings.wildcard) {
      // The client can't know whether the wildcard covers this name too, and waits for an answer.
      this.#holdings.set(name, { named: false, version });
      this.#remind(name);
      return;
    }
    this.#holdings.set(name, { named: false, version: undefined });
    this.#forget(name);
  }

  #unsubscribeAll(): void {
    this.#holdings.dropWildcard();
    for (const name of [...this.#due.keys(), ...this.#leaving.keys(), ...this.#rejected.keys()]) {
      if (!this.wants(name)) this.#forget(name);
    }
  }

  #forget(name: string): void {
    this.#due.delete(name);
    this.#leaving.delete(name);
    this.#rejected.delete(name);
    this.#lacking.end(name);
    this.#suspects.clear(name);
  }

  #leave(name: string, since: number): void {
    const due = this.#due.get(name);
    const lackedSince = this.#lacking.sinceOf(name, due?.since);
    this.#rejected.delete(name);
    this.#lacking.end(name);
    if (due?.owed !== true) this.#due.delete(name);
    const mayHold = this.#holdings.get(name).version !== undefined || this.#suspects.isDoubtful(name);
    if (!mayHold || !this.wants(name)) return;
    this.#leaving.set(name, since);
    if (lackedSince < since) this.#lacking.miss(name, lackedSince);
  }

  #fill(batch: Batch, allowance: Allowance): void {
    for (const [name, since] of this.#leaving) {
      if (since > allowance.removeThrough || !batch.hasRoom) break;
      this.#leaving.delete(name);
      this.#due.delete(name);
      batch.remove(name, this.#lacking.sinceOf(name, since));
      this.#lacking.end(name);
    }
    for (const [name, { since: dueSince, owed }] of this.#due) {
      const since = this.#lacking.sinceOf(name, dueSince);
      const pick = this.#pick(name, owed, allowance);
      const { resource } = pick;
      if (resource === undefined ? !batch.hasRoom : !batch.fits(resource)) break;
      this.#done(name, pick, since);
      if (resource !== undefined) batch.add(resource, since);
      else if (owed && this.#isMissing(name)) {
        this.#leaving.delete(name);
        batch.remove(name, since);
      }
    }
  }

  #fillWithPart(batch: Batch, allowance: Allowance): void {
    while (batch.size === 0) {
      const part = this.#suspects.take();
      if (part === undefined) return;
      for (const [index, name] of part.names.entries()) {
        const pick = this.#pick(name, false, allowance);
        const { resource } = pick;
        // It may have grown since it was rejected.
        if (resource === undefined ? !batch.hasRoom : !batch.fits(resource)) {
          this.#suspects.putBack({ names: part.names.slice(index), since: part.since });
          break;
        }
        const isGone = resource === undefined && this.#isMissing(name) && !this.#leaving.has(name);
        if (resource !== undefined) batch.add(resource, part.since);
        if (isGone) batch.remove(name, part.since);
        // Nothing more is due of what is sent now, and it is no older than this part.
        if (resource !== undefined || isGone) this.#done(name, pick, part.since);
      }
    }
  }

  /** The resource to send for this name, if one is. */
  #pick(name: string, owed: boolean, { spares, limit }: Allowance): Pick {
    if (!this.wants(name)) return nothing;
    const current = this.#holdings.resources.get(name);
    const whole = current ?? (owed ? spares.find((map) => map.has(name))?.get(name) : undefined);
    if (whole === undefined) return nothing;
    const resource = limit?.(whole, this.#versionsOf(name)) ?? whole;
    const isPart = resource !== current && current !== undefined;
    return { resource: owed || this.#isNews(resource) ? resource : undefined, isPart };
  }

  #isNews({ name, version }: Resource): boolean {
    if (this.#rejected.get(name)?.version === version) return false;
    if (this.#holdings.get(name).version !== version || this.#suspects.isDoubtful(name)) return true;
    this.#rejected.delete(name);
    return false;
  }

  /** Nothing is due any more of what was picked, but for what is withheld of it. */
  #done(name: string, { isPart }: Pick, since: number): void {
    this.#due.delete(name);
    if (isPart) this.#lacking.withhold(name, since);
    else this.#lacking.end(name);
  }

  /** Those of which the client holds one. */
  #versionsOf(name: string): readonly string[] {
    const versions = [this.#holdings.get(name).version, ...this.#suspects.doubtsOf(name)];
    return versions.filter((each) => each !== undefined);
  }

  #isMissing(name: string): boolean {
    return this.wants(name) && !this.#holdings.resources.has(name);
  }

  #accepted(name: string): void {
    this.#suspects.clear(name);
    this.#rejected.delete(name);
  }
}
