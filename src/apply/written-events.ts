// The Events of a mesh that are in the API server, as far as this replica knows: those that it found when it began to
// lead, and those that it has written since.

import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { microTime } from '../kube/micro-time.ts';
import { isDone, outdated } from '../kube/unless.ts';
import type { ObjectKey } from '../model/key.ts';
import type { Clock } from '../runtime/clock.ts';
import { eventKey, eventManifest, type WantedEvent } from './event.ts';
import { events, findEvents, type FoundEvent } from './found-events.ts';

/** Who writes, and where. */
export interface WrittenEventsOptions {
  readonly client: KubeClient;
  /** The mesh: the `reportingController` of its Events. */
  readonly controller: string;
  /** Name of this replica. */
  readonly instance: string;
  readonly clock: Clock;
}

interface Written {
  readonly uid: string;
  /** How often it was written. */
  readonly count: number;
  /** When it was written last, on the clock. */
  readonly at: number;
}

/** Each call rejects with KubeError where the server refuses, or with the reason of the signal. */
export class WrittenEvents {
  readonly #options: WrittenEventsOptions;
  #written = new Map<ObjectKey, Written>();
  /** Events that were made, or were not: no answer said so. */
  readonly #doubtful = new Set<ObjectKey>();

  constructor(options: WrittenEventsOptions) {
    this.#options = options;
  }

  keys(): Iterable<ObjectKey> {
    return this.#written.keys();
  }

  /** Whether there may be an Event. */
  mayBeThere(key: ObjectKey): boolean {
    return this.#written.has(key) || this.#doubtful.has(key);
  }

  /** How long ago an Event was written last, in milliseconds; undefined where none is known to be there. */
  ageMs(key: ObjectKey): number | undefined {
    const written = this.#written.get(key);
    return written && this.#options.clock.now() - written.at;
  }

  /** Looks which Events of the mesh there are in some namespaces, undefined being all, in place of what was known. */
  async find(namespaces: readonly (string | undefined)[], signal: AbortSignal): Promise<void> {
    const { client, controller } = this.#options;
    const fieldSelector = `reportingController=${controller}`;
    const written = new Map<ObjectKey, Written>();
    for (const namespace of namespaces) {
      const found = await findEvents(client, { namespace, fieldSelector }, signal);
      for (const [key, event] of found) written.set(key, this.#asWritten(event));
    }
    this.#written = written;
    this.#doubtful.clear();
  }

  /** Makes an Event. */
  async create(event: WantedEvent, signal: AbortSignal): Promise<void> {
    const { client, controller, instance, clock } = this.#options;
    const manifest = eventManifest(event, { controller, instance, time: microTime() });
    const key = eventKey(event);
    try {
      const { metadata } = await client.create(events, manifest, { signal });
      this.#written.set(key, { uid: metadata.uid ?? '', count: 1, at: clock.now() });
    } catch (error) {
      // By a call of ours whose answer got lost, or by whoever led before.
      const isThere = error instanceof KubeError && error.reason === 'AlreadyExists';
      if (isThere || (error instanceof KubeError && error.mayBeDone)) this.#doubtful.add(key);
      if (!isThere || !(await this.#take(event, signal))) throw error;
    }
    this.#doubtful.delete(key);
  }

  /** Takes an Event for ours that is there already; false where it isn't. */
  async #take(event: WantedEvent, signal: AbortSignal): Promise<boolean> {
    const { namespace, name } = event;
    const one = { namespace, fieldSelector: `metadata.name=${name}` };
    const found = (await findEvents(this.#options.client, one, signal)).get(eventKey(event));
    if (found !== undefined) this.#written.set(eventKey(event), this.#asWritten(found));
    return found !== undefined;
  }

  /** Says that an Event is seen still, so that the API server doesn't forget it. If it is gone, that is known then. */
  async refresh(event: WantedEvent, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const key = eventKey(event);
    const { uid = '', count = 1 } = this.#written.get(key) ?? {};
    const { namespace, name } = event;
    const series = { count: count + 1, lastObservedTime: microTime() };
    const at = clock.now();
    const patched = client.patch({ type: events, namespace, name }, { series }, { signal });
    if (await isDone(patched, [404])) {
      this.#written.set(key, { uid, count: series.count, at });
    } else this.#written.delete(key);
  }

  /** Deletes the very Event that is known; one that may be there, by its name, which no other mesh gives. */
  async delete(key: ObjectKey, signal: AbortSignal): Promise<void> {
    const { uid } = this.#written.get(key) ?? {};
    const [namespace = '', name = ''] = key.split('/');
    const only = { ...(uid !== undefined && { uid }), signal };
    // It is gone, or another has its name.
    await isDone(this.#options.client.delete({ type: events, namespace, name }, only), outdated);
    this.#written.delete(key);
    this.#doubtful.delete(key);
  }

  #asWritten({ uid, count, ageMs }: FoundEvent): Written {
    return { uid, count, at: this.#options.clock.now() - ageMs };
  }
}
