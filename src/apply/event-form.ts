// Problems as Events on the users' objects: one for each problem, for as long as it lasts.

import type { KubeClient } from '../kube/client.ts';
import type { ObjectKey } from '../model/key.ts';
import { subjectName, type Problem } from '../model/problem.ts';
import type { Clock } from '../runtime/clock.ts';
import { KeyedBuckets } from '../runtime/keyed-rate-limit.ts';
import type { RetryLater } from '../runtime/run-workers.ts';
import { eventKey, eventOf, reportingController, type WantedEvent } from './event.ts';
import type { ProblemForm, Write } from './problem-writer.ts';
import { WrittenEvents } from './written-events.ts';

/** API servers forget an Event an hour after it was written last, unless `--event-ttl` says otherwise. */
const refreshMs = 30 * 60_000;
/** Events that are made on one object, as client-go's spam filter has it: 25 at once, then one in five minutes. */
const perObject = { perSecond: 1 / 300, burst: 25 };
/** Objects of which that is remembered. */
const maxObjects = 10_000;

/** What Events are written with. */
export interface EventFormOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace. */
  readonly meshNamespace: string;
  /** Namespaces in which the mesh may have Events; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** Name of this replica. */
  readonly instance: string;
  readonly clock: Clock;
}

/**
 * The Events of a mesh. That one is gone, because somebody deleted it or the API server forgot it, is noticed when it is
 * due to be refreshed.
 */
export class EventForm implements ProblemForm<WantedEvent> {
  readonly name = 'Events';
  readonly #options: EventFormOptions;
  readonly #controller: string;
  readonly #written: WrittenEvents;
  readonly #perObject = new KeyedBuckets<string>(perObject, maxObjects);
  readonly #made = new WeakMap<Problem, WantedEvent>();

  constructor(options: EventFormOptions) {
    const { meshNamespace } = options;
    this.#options = options;
    this.#controller = reportingController(meshNamespace);
    this.#written = new WrittenEvents({ ...options, controller: this.#controller });
  }

  wanted(problems: readonly Problem[]): ReadonlyMap<ObjectKey, WantedEvent> {
    const wanted = new Map<ObjectKey, WantedEvent>();
    for (const problem of problems) {
      const event = this.#made.get(problem) ?? eventOf(problem, this.#controller);
      if (event === undefined) continue;
      // Problems keep their reference for as long as they last, and there may be thousands.
      this.#made.set(problem, event);
      wanted.set(eventKey(event), event);
    }
    return wanted;
  }

  /** All that an Event says is in its name. */
  isSame(): boolean {
    return true;
  }

  async find(signal: AbortSignal): Promise<void> {
    await this.#written.find(this.#options.namespaces ?? [undefined], signal);
  }

  keys(): Iterable<ObjectKey> {
    return this.#written.keys();
  }

  async bring(key: ObjectKey, event: WantedEvent | undefined, write: Write): Promise<RetryLater | void> {
    const { clock } = this.#options;
    if (event === undefined) {
      if (this.#written.mayBeThere(key)) await write((signal) => this.#written.delete(key, signal));
      return undefined;
    }
    const ageMs = this.#written.ageMs(key);
    if (ageMs !== undefined && ageMs < refreshMs) return { retryAfterMs: refreshMs - ageMs };
    if (ageMs !== undefined) await write((signal) => this.#written.refresh(event, signal));
    else {
      const object = subjectName({ namespace: '', ...event.regarding });
      const waitMs = this.#perObject.waitMs(object, clock.now());
      if (waitMs > 0) return { retryAfterMs: waitMs };
      await write((signal) => this.#written.create(event, signal));
      this.#perObject.take(object, clock.now());
    }
    // Is looked at once more: it may be gone, or be an older one.
    return { retryAfterMs: 1 };
  }
}
