// Keeps what an API server says of problems as it should be, in one form (Events, or the statuses of objects): what is to be
// written is found out, waits in a queue and is written no faster than a server can be asked to. Only the leader writes.

import { KubeError } from '../kube/kube-error.ts';
import type { Problem } from '../model/problem.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { silentQueueObserver, type QueueObserver } from '../runtime/queue-observer.ts';
import { TokenBucket } from '../runtime/rate-limit.ts';
import { runWorkers, type RetryLater } from '../runtime/run-workers.ts';
import { sleep } from '../runtime/sleep.ts';
import { TerminalError } from '../runtime/terminal-error.ts';
import { WorkQueue } from '../runtime/work-queue.ts';

/** Writes of all kinds, as the kubelet's `eventRecordQPS` and `eventBurst`: 5,000 problems at once take 100 s. */
const overall = { perSecond: 50, burst: 100 };
/** How long nothing is tried in a place where it was not allowed. */
const forbiddenMs = 60_000;

/** What is written at this place: `namespace/name`, with more before the namespace where one has several kinds of objects. */
export type FormKey = string;

/** Makes a call that writes, when it is time for that. */
export type Write = (call: (signal: AbortSignal) => Promise<void>) => Promise<void>;

/** A form in which problems are written. */
export interface ProblemForm<Wanted> {
  /** What is written, in the plural, for the log. */
  readonly name: string;
  /** What there should be where these are all problems. */
  wanted(problems: readonly Problem[]): ReadonlyMap<FormKey, Wanted>;
  /** Whether nothing is to be written where one took the place of the other. */
  isSame(before: Wanted, after: Wanted): boolean;
  /** Looks what whoever led before has left, in place of what was known. Rejects with KubeError. */
  find(signal: AbortSignal): Promise<void>;
  /** What is there, as far as is known. */
  keys(): Iterable<FormKey>;
  /**
   * Brings about what is wanted (undefined: nothing), one write at a time; it is called again where that is asked for. Rejects
   * with KubeError.
   */
  bring(key: FormKey, wanted: Wanted | undefined, write: Write): Promise<RetryLater | void>;
}

/** What a form is written with. */
export interface ProblemWriterOptions {
  /** Who is told of the work; asked whenever this replica begins to lead. */
  readonly queueObserver?: () => QueueObserver;
  readonly log: Log;
  readonly clock: Clock;
}

/** Writes while this replica leads. Nothing is written before {@link want} has been called. */
export class ProblemWriter<Wanted> {
  readonly #form: ProblemForm<Wanted>;
  readonly #options: ProblemWriterOptions;
  readonly #pace = new TokenBucket(overall);
  /** Where nothing may be written, and until when that is not tried again. */
  readonly #forbidden = new Map<string, number>();
  #problems: readonly Problem[] | undefined;
  /** What is wanted, where this replica leads and knows. */
  #wanted: ReadonlyMap<FormKey, Wanted> | undefined;
  #queue: WorkQueue | undefined;

  constructor(form: ProblemForm<Wanted>, options: ProblemWriterOptions) {
    this.#form = form;
    this.#options = options;
  }

  /** Says which problems there are now: all of them. */
  want(problems: readonly Problem[]): void {
    if (problems === this.#problems) return;
    this.#problems = problems;
    if (this.#queue !== undefined) this.#compare(this.#queue, problems);
  }

  /** Writes until the signal aborts; resolves when the last write has ended. */
  async lead(signal: AbortSignal): Promise<void> {
    const { clock, log, queueObserver = () => silentQueueObserver } = this.#options;
    if (!(await this.#find(signal))) return;
    const queue = new WorkQueue({ clock, observer: queueObserver() });
    this.#queue = queue;
    if (this.#problems !== undefined) this.#compare(queue, this.#problems);
    try {
      await runWorkers(queue, {
        // What is written here can wait.
        workers: 1,
        reconcile: (key, until) => this.#reconcile(key, until),
        log,
        clock,
        signal,
      });
    } finally {
      this.#queue = undefined;
      this.#wanted = undefined;
    }
  }

  /** Has that looked at which is wanted now and was not, or otherwise, or the reverse. */
  #compare(queue: WorkQueue, problems: readonly Problem[]): void {
    const before = this.#wanted;
    const wanted = this.#form.wanted(problems);
    for (const [key, value] of wanted) {
      const old = before?.get(key);
      if (old === undefined || !this.#form.isSame(old, value)) queue.add(key);
    }
    // At first: what whoever led before wanted.
    for (const key of before?.keys() ?? this.#form.keys()) if (!wanted.has(key)) queue.add(key);
    this.#wanted = wanted;
  }

  /** Looks what whoever led before has left, until that succeeds; false after an abort. */
  async #find(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ clock, firstMs: 1_000, maxMs: forbiddenMs });
    let complaint = '';
    while (!signal.aborted) {
      try {
        await this.#form.find(signal);
        return true;
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof KubeError)) throw error;
        const { status, message, retryAfterSeconds } = error;
        if (message !== complaint) {
          const level = status === 403 ? 'error' : 'warn';
          log[level](`Cannot list ${this.#form.name}, so none is written: trying again`, { error: message });
        }
        complaint = message;
        await backoff.wait(signal, retryAfterSeconds * 1000);
      }
    }
    return false;
  }

  async #reconcile(key: FormKey, signal: AbortSignal): Promise<RetryLater | void> {
    const place = placeOf(key);
    const forbiddenForMs = (this.#forbidden.get(place) ?? 0) - this.#options.clock.now();
    if (forbiddenForMs > 0) return { retryAfterMs: forbiddenForMs };
    try {
      return await this.#form.bring(key, this.#wanted?.get(key), (call) => this.#write(place, signal, call));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // The namespace is going or gone, and all that is in it.
      if (error.isNamespaceTerminating || error.status === 404) return undefined;
      if (error.status === 403) return this.#refused(place, error);
      const isRefusedForGood = error.status === 400 || error.status === 422;
      throw isRefusedForGood ? new TerminalError(error.message, { cause: error }) : error;
    }
  }

  async #write(place: string, signal: AbortSignal, call: Parameters<Write>[0]): Promise<void> {
    const { clock, log } = this.#options;
    const waitMs = this.#pace.availableAt - clock.now();
    if (waitMs > 0) await sleep(waitMs, { clock, signal });
    signal.throwIfAborted();
    this.#pace.take(clock.now());
    await call(signal);
    if (this.#forbidden.delete(place))
      log.info(`${capitalised(this.#form.name)} are written again`, { place });
  }

  /** Says once what to grant, for all places, and leaves this one alone for a while. */
  #refused(place: string, error: KubeError): RetryLater {
    const { clock, log } = this.#options;
    for (const [other, until] of this.#forbidden) {
      // Nothing is to be written there any more.
      if (until + forbiddenMs < clock.now()) this.#forbidden.delete(other);
    }
    const level = this.#forbidden.size === 0 ? 'error' : 'debug';
    log[level](`May not write ${this.#form.name}: trying again`, { error: error.message });
    this.#forbidden.set(place, clock.now() + forbiddenMs);
    return { retryAfterMs: forbiddenMs };
  }
}

/** What permissions are for: one kind of objects in one namespace. */
function placeOf(key: FormKey): string {
  return key.slice(0, key.indexOf('/'));
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
