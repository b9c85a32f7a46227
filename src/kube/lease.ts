// Which of several replicas acts for all: the one that holds a Lease. The rules are client-go's, so that replicas of
// other versions and languages may take part.

import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import { Deadline } from './deadline.ts';
import { KubeError, needsSomebody } from './kube-error.ts';
import type { LeaseRecord, LeaseStore, LeaseVersion } from './lease-record.ts';
import { LeaseTerm, type Held } from './lease-term.ts';

/** Times of an election, in milliseconds. `retryMs` < `renewDeadlineMs` < `leaseMs`. */
export interface LeaseTiming {
  /** How long a replica waits, since it last saw the Lease change, before it takes it from its holder. */
  readonly leaseMs: number;
  /** How long a holder goes on without having been able to renew. */
  readonly renewDeadlineMs: number;
  /** How often a holder renews; the others look after 1 to 2.2 times as long. */
  readonly retryMs: number;
}

/** Client-go's. A holder that dies is replaced at most `leaseMs` and the time between two looks after its last renewal. */
const defaultTiming: LeaseTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** How much longer than `retryMs` the others may wait, as a share of it. */
const jitter = 1.2;

/** What a candidate is, and what it does as holder. */
export interface LeaseElectorOptions {
  readonly store: LeaseStore;
  /** Different for every process, also for two that follow each other in one pod: two of one name both lead. */
  readonly identity: string;
  /**
   * What the holder does, until its signal aborts: it no longer holds the Lease, or is to stop. The Lease is kept, and
   * given back, only when this has ended; ending by itself gives it back too.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** Told who holds the Lease, whenever that is another; empty for nobody. */
  readonly onLeader?: (identity: string) => void;
  readonly log: Log;
  readonly clock?: Clock;
  /** A number from 0 to below 1, each time another; chance by default. */
  readonly random?: () => number;
  readonly timing?: LeaseTiming;
}

/**
 * A candidate for a Lease. It is in one of three states:
 * - **waiting**: looks at the Lease from time to time. Takes it where it is free, given back, or has not changed for
 *   `leaseMs` while we looked on; the times that it holds are not compared with any clock, so clocks may differ.
 * - **leading**: `lead` runs, the Lease is renewed. Ends when it couldn't be renewed for `renewDeadlineMs`, counted from
 *   when the last good renewal was sent, or when it turns out to be another's.
 * - **stopped**.
 *
 * Every write requires the version that was read, so of two that take it at once one succeeds. Since a holder stops
 * before `leaseMs` is over, two never lead at once, as long as their clocks run equally fast. A process that is halted
 * (SIGSTOP, a suspended machine) notices only when it goes on: what it writes has to bear that.
 */
export class LeaseElector {
  readonly #options: LeaseElectorOptions;
  readonly #timing: LeaseTiming;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** The version that was seen last, and when its holder may be replaced if it stays so. */
  #seen: { readonly version: string; readonly freeAt: number } | undefined;
  #leader: string | undefined;
  #leadsUntil = Number.NEGATIVE_INFINITY;
  #complaint = '';

  constructor(options: LeaseElectorOptions) {
    const { clock = systemClock, random = Math.random, timing = defaultTiming } = options;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#timing = timing;
    const isOrdered = timing.retryMs < timing.renewDeadlineMs && timing.renewDeadlineMs < timing.leaseMs;
    if (!isOrdered) throw new RangeError('retryMs must be below renewDeadlineMs, and that below leaseMs');
  }

  /** Whether this replica may act now. To be asked right before each act: it says no before any other can say yes. */
  get isLeading(): boolean {
    return this.#clock.now() < this.#leadsUntil;
  }

  /** Who holds the Lease as far as is known; undefined before the first look, empty for nobody. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** Takes part until the signal aborts; gives the Lease back then. Rejects with what `lead` rejects with. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const held = await this.#acquire(signal);
      if (held === undefined) return;
      await this.#serve(held, signal);
      await sleep(this.#pauseMs(), { clock: this.#clock, signal });
    }
  }

  /** Waits until the Lease is ours; undefined after an abort. */
  async #acquire(signal: AbortSignal): Promise<Held | undefined> {
    while (!signal.aborted) {
      const held = await this.#attempt(signal, (attempt) => this.#take(attempt));
      if (held !== undefined) return held;
      await sleep(this.#pauseMs(), { clock: this.#clock, signal });
    }
    return undefined;
  }

  /** How long to wait before the next look: less where the Lease may be taken sooner. */
  #pauseMs(): number {
    const pause = this.#timing.retryMs * (1 + jitter * this.#random());
    const untilFree = (this.#seen?.freeAt ?? 0) - this.#clock.now();
    return untilFree > 0 ? Math.min(pause, untilFree) : pause;
  }

  /** Does something with the Lease, in no more than half of the deadline; undefined where that fails. */
  async #attempt<T>(
    signal: AbortSignal,
    action: (signal: AbortSignal) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    // Half of it, so that one connection on which nothing comes back does not cost the Lease.
    const timeoutMs = this.#timing.renewDeadlineMs / 2;
    const deadline = new Deadline({ clock: this.#clock, timeoutMs, signal });
    try {
      const result = await action(deadline.signal);
      this.#complaint = '';
      return result;
    } catch (error) {
      if (deadline.signal.aborted && !deadline.isOver) return undefined;
      if (!deadline.isOver && !(error instanceof KubeError)) throw error;
      this.#complain(deadline.isOver ? undefined : (error as KubeError));
      return undefined;
    } finally {
      deadline.close();
    }
  }

  /** Looks at the Lease and takes it if it may be taken. */
  async #take(signal: AbortSignal): Promise<Held | undefined> {
    const { store, identity } = this.#options;
    const lease = await store.read(signal);
    this.#see(lease);
    if (lease === undefined) return await this.#write(undefined, signal);
    const { holder } = lease.record;
    const isFree = holder === '' || holder === identity || this.#clock.now() >= (this.#seen?.freeAt ?? 0);
    return isFree ? await this.#write(lease, signal) : undefined;
  }

  /** Makes the Lease ours, or ours for longer; undefined where somebody else was faster. */
  async #write(before: LeaseVersion | undefined, signal: AbortSignal): Promise<Held | undefined> {
    const { store, identity } = this.#options;
    const sentAt = this.#clock.now();
    const lease = await store.write(this.#record(before?.record), before?.version, signal);
    if (lease === undefined || lease.record.holder !== identity) return undefined;
    this.#see(lease);
    return { lease, until: sentAt + this.#timing.renewDeadlineMs };
  }

  #record(before: LeaseRecord | undefined): LeaseRecord {
    const { identity } = this.#options;
    const durationMs = this.#timing.leaseMs;
    if (before === undefined) return { holder: identity, durationMs, acquireTime: undefined, transitions: 0 };
    const { holder, acquireTime, transitions } = before;
    if (holder === identity) return { holder, durationMs, acquireTime, transitions };
    return { holder: identity, durationMs, acquireTime: undefined, transitions: transitions + 1 };
  }

  /** Leads until the Lease is lost or `lead` has ended. */
  async #serve(first: Held, signal: AbortSignal): Promise<void> {
    const term = new LeaseTerm(first, this.#clock);
    const stop = (): void => term.stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    this.#leadsUntil = first.until;
    this.#options.log.info('This replica leads', { identity: this.#options.identity });
    try {
      const work = Promise.allSettled([term.lead(this.#options.lead)]);
      while (!term.isOver) {
        await sleep(this.#timing.retryMs, { clock: this.#clock, signal: term.over });
        if (!term.isOver) await this.#renew(term);
      }
      this.#leadsUntil = Number.NEGATIVE_INFINITY;
      if (term.isLost)
        this.#options.log.warn(
          'This replica leads no more: another has the Lease, or it could not be renewed in time',
        );
      const [outcome] = await work;
      if (outcome.status === 'rejected') throw outcome.reason;
    } finally {
      this.#leadsUntil = Number.NEGATIVE_INFINITY;
      signal.removeEventListener('abort', stop);
      term.close();
      if (!term.isLost) await this.#release(term.held.lease);
    }
  }

  async #renew(term: LeaseTerm): Promise<void> {
    const held = await this.#attempt(term.lost, async (attempt) => {
      const renewed = await this.#write(term.held.lease, attempt);
      if (renewed !== undefined) return renewed;
      // Ours may have been written by a call of ours whose answer got lost, and then it is still ours.
      const lease = await this.#options.store.read(attempt);
      this.#see(lease);
      if (lease?.record.holder === this.#options.identity) return await this.#write(lease, attempt);
      term.lose();
      return undefined;
    });
    if (held === undefined || term.isLost) return;
    term.renew(held);
    this.#leadsUntil = held.until;
  }

  /** Gives the Lease back: the next replica that looks takes it. */
  async #release({ record, version }: LeaseVersion): Promise<void> {
    const free: LeaseRecord = { ...record, holder: '', durationMs: 1_000 };
    const never = new AbortController().signal;
    const lease = await this.#attempt(never, (attempt) => this.#options.store.write(free, version, attempt));
    if (lease === undefined) return;
    this.#see(lease);
    this.#options.log.info('This replica leads no more: it gave its Lease back');
  }

  /** Notes what the Lease says, and since when. */
  #see(lease: LeaseVersion | undefined): void {
    if (lease !== undefined && lease.version !== this.#seen?.version) {
      this.#seen = { version: lease.version, freeAt: this.#clock.now() + lease.record.durationMs };
    }
    const leader = lease?.record.holder ?? '';
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#options.onLeader?.(leader);
  }

  /** Says once what is wrong; undefined: no answer. */
  #complain(error: KubeError | undefined): void {
    const message = error?.message ?? 'the API server does not answer';
    if (message === this.#complaint) return;
    this.#complaint = message;
    const level = error !== undefined && needsSomebody(error) ? 'error' : 'warn';
    this.#options.log[level]('Cannot read or write the Lease: trying again', {
      error: message,
    });
  }
}
