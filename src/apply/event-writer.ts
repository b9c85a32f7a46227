// Keeps Events on the users' objects: one for each problem, for as long as it lasts. Only the leader writes.

import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { ObjectKey } from '../model/key.ts';
import { subjectName, type Problem } from '../model/problem.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { KeyedBuckets } from '../runtime/keyed-rate-limit.ts';
import type { Log } from '../runtime/log.ts';
import { silentQueueObserver, type QueueObserver } from '../runtime/queue-observer.ts';
import { TokenBucket } from '../runtime/rate-limit.ts';
import { runWorkers, type RetryLater } from '../runtime/run-workers.ts';
import { sleep } from '../runtime/sleep.ts';
import { TerminalError } from '../runtime/terminal-error.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { eventKey, eventOf, reportingController, type WantedEvent } from './event.ts';
import { WrittenEvents } from './written-events.ts';

/** API servers forget an Event an hour after it was written last, unless `--event-ttl` says otherwise. */
const refreshMs = 30 * 60_000;
/** Events that are made on one object, as client-go's spam filter has it: 25 at once, then one in five minutes. */
const perObject = { perSecond: 1 / 300, burst: 25 };
/** Objects of which that is remembered. */
const maxObjects = 10_000;
/** Writes of all kinds, as the kubelet's `eventRecordQPS` and `eventBurst`: 5,000 problems at once take 100 s. */
const overall = { perSecond: 50, burst: 100 };
/** How long nothing is tried in a namespace where it was not allowed. */
const forbiddenMs = 60_000;

/** What Events are written with. */
export interface EventWriterOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace. */
  readonly meshNamespace: string;
  /** Namespaces in which the mesh may have Events; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** Name of this replica. */
  readonly instance: string;
  /** Who is told of the work; asked whenever this replica begins to lead. */
  readonly queueObserver?: () => QueueObserver;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Writes the Events of a mesh while it leads. Nothing is written or deleted before {@link want} has been called. That
 * an Event is gone, because somebody deleted it or the API server forgot it, is noticed when it is due to be refreshed.
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #controller: string;
  readonly #written: WrittenEvents;
  readonly #pace = new TokenBucket(overall);
  readonly #perObject = new KeyedBuckets<string>(perObject, maxObjects);
  readonly #made = new WeakMap<Problem, WantedEvent>();
  /** Namespaces in which nothing may be written, and until when that is not tried again. */
  readonly #forbidden = new Map<string, number>();
  #problems: readonly Problem[] | undefined;
  /** What is wanted, where this replica leads and knows. */
  #wanted: ReadonlyMap<ObjectKey, WantedEvent> | undefined;
  #queue: WorkQueue | undefined;

  constructor(options: EventWriterOptions) {
    const { meshNamespace } = options;
    this.#options = options;
    this.#controller = reportingController(meshNamespace);
    this.#written = new WrittenEvents({ ...options, controller: this.#controller });
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

  /** Has those Events looked at that are wanted now and were not, or the reverse. */
  #compare(queue: WorkQueue, problems: readonly Problem[]): void {
    const wanted = new Map<ObjectKey, WantedEvent>();
    for (const problem of problems) {
      const event = this.#made.get(problem) ?? eventOf(problem, this.#controller);
      if (event === undefined) continue;
      // Problems keep their reference for as long as they last, and there may be thousands.
      this.#made.set(problem, event);
      wanted.set(eventKey(event), event);
    }
    for (const key of wanted.keys()) if (this.#wanted?.has(key) !== true) queue.add(key);
    // At first: those that whoever led before wanted.
    const before = this.#wanted?.keys() ?? this.#written.keys();
    for (const key of before) if (!wanted.has(key)) queue.add(key);
    this.#wanted = wanted;
  }

  /** Looks what whoever led before has left, until that succeeds; false after an abort. */
  async #find(signal: AbortSignal): Promise<boolean> {
    const { clock, namespaces = [undefined], log } = this.#options;
    const backoff = new Backoff({ clock, firstMs: 1_000, maxMs: forbiddenMs });
    let complaint = '';
    while (!signal.aborted) {
      try {
        await this.#written.find(namespaces, signal);
        return true;
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof KubeError)) throw error;
        const { status, message, retryAfterSeconds } = error;
        if (message !== complaint) {
          log[status === 403 ? 'error' : 'warn']('Cannot list Events, so none is written: trying again', {
            error: message,
          });
        }
        complaint = message;
        await backoff.wait(signal, retryAfterSeconds * 1000);
      }
    }
    return false;
  }

  async #reconcile(key: ObjectKey, signal: AbortSignal): Promise<RetryLater | void> {
    const [namespace = ''] = key.split('/');
    const forbiddenForMs = (this.#forbidden.get(namespace) ?? 0) - this.#options.clock.now();
    if (forbiddenForMs > 0) return { retryAfterMs: forbiddenForMs };
    try {
      return await this.#bring(key, signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // The namespace is going or gone, and all that is in it.
      if (error.isNamespaceTerminating || error.status === 404) return undefined;
      if (error.status === 403) return this.#refused(namespace, error);
      const isRefusedForGood = error.status === 400 || error.status === 422;
      throw isRefusedForGood ? new TerminalError(error.message, { cause: error }) : error;
    }
  }

  async #bring(key: ObjectKey, signal: AbortSignal): Promise<RetryLater | void> {
    const { clock } = this.#options;
    const event = this.#wanted?.get(key);
    const ageMs = this.#written.ageMs(key);
    if (event === undefined) {
      if (ageMs !== undefined) await this.#write(key, signal, () => this.#written.delete(key, signal));
      return undefined;
    }
    if (ageMs !== undefined && ageMs < refreshMs) return { retryAfterMs: refreshMs - ageMs };
    if (ageMs !== undefined) await this.#write(key, signal, () => this.#written.refresh(event, signal));
    else {
      const object = subjectName({ namespace: '', ...event.regarding });
      const waitMs = this.#perObject.waitMs(object, clock.now());
      if (waitMs > 0) return { retryAfterMs: waitMs };
      await this.#write(key, signal, () => this.#written.create(event, signal));
      this.#perObject.take(object, clock.now());
    }
    // Is looked at once more: it may be gone, or be an older one.
    return { retryAfterMs: 1 };
  }

  /** Writes when it is time for that. */
  async #write(key: ObjectKey, signal: AbortSignal, call: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const waitMs = this.#pace.availableAt - clock.now();
    if (waitMs > 0) await sleep(waitMs, { clock, signal });
    signal.throwIfAborted();
    this.#pace.take(clock.now());
    await call();
    const [namespace = ''] = key.split('/');
    if (this.#forbidden.delete(namespace)) log.info('Events are written again', { namespace });
  }

  /** Says once what to grant, for all namespaces, and leaves this one alone for a while. */
  #refused(namespace: string, error: KubeError): RetryLater {
    const { clock, log } = this.#options;
    for (const [other, until] of this.#forbidden) {
      // Nothing is to be written there any more.
      if (until + forbiddenMs < clock.now()) this.#forbidden.delete(other);
    }
    const level = this.#forbidden.size === 0 ? 'error' : 'debug';
    log[level]('May not write Events: trying again', { error: error.message });
    this.#forbidden.set(namespace, clock.now() + forbiddenMs);
    return { retryAfterMs: forbiddenMs };
  }
}
