// Problems in the status of their objects, those of the Service Mesh Interface: a condition for as long as something is wrong.

import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { Problem } from '../model/problem.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { RetryLater } from '../runtime/run-workers.ts';
import type { FormKey, ProblemForm, Write } from './problem-writer.ts';
import { lookMs, StatusTypes, type StatusKind } from './status-types.ts';
import {
  readComplaint,
  statusesOf,
  statusKey,
  statusManifest,
  type Complaint,
  type ComplaintObject,
  type FoundComplaint,
  type WantedStatus,
} from './status.ts';

/** What statuses are written with. */
export interface StatusFormOptions {
  readonly client: KubeClient;
  readonly kinds: readonly StatusKind[];
  /** Namespaces in which there are objects of the mesh; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** A status with a complaint of ours. */
interface Written {
  readonly object: ComplaintObject;
  readonly complaint: FoundComplaint;
  /** Whether the status may say something else, or nothing: no answer said what became of the last write. */
  readonly isDoubtful?: true;
}

/**
 * The statuses of objects, as far as this replica knows: those that it found when it began to lead, and those that it has
 * written since. What others write into the same condition meanwhile stays until it has to be written again.
 */
export class StatusForm implements ProblemForm<WantedStatus> {
  readonly name = 'statuses';
  readonly #options: StatusFormOptions;
  readonly #types: StatusTypes;
  #written = new Map<FormKey, Written>();

  constructor(options: StatusFormOptions) {
    this.#options = options;
    this.#types = new StatusTypes(options.kinds, options);
  }

  wanted(problems: readonly Problem[]): ReadonlyMap<FormKey, WantedStatus> {
    return statusesOf(problems, this.#types);
  }

  isSame(before: WantedStatus, after: WantedStatus): boolean {
    const [a, b] = [before.complaint, after.complaint];
    return (
      before.object.uid === after.object.uid &&
      a.reason === b.reason &&
      a.message === b.message &&
      a.observedGeneration === b.observedGeneration
    );
  }

  async find(signal: AbortSignal): Promise<void> {
    const { namespaces = [undefined] } = this.#options;
    const written = new Map<FormKey, Written>();
    for (const kind of this.#types.names()) {
      const type = await this.#types.type(kind, signal);
      if (type === undefined) continue;
      for (const namespace of namespaces) await this.#list({ kind, type, namespace }, { written, signal });
    }
    this.#written = written;
  }

  async #list(
    {
      kind,
      type,
      namespace,
    }: { readonly kind: string; readonly type: ResourceType; readonly namespace: string | undefined },
    { written, signal }: { readonly written: Map<FormKey, Written>; readonly signal: AbortSignal },
  ): Promise<void> {
    let from: string | undefined;
    do {
      const page = await this.#options.client.listPage({ type, namespace }, { from, signal });
      for (const object of page.items) {
        const complaint = readComplaint(object);
        const { name, namespace: at = '', uid = '' } = object.metadata;
        const found = { kind, namespace: at, name, uid };
        if (complaint !== undefined) written.set(statusKey(found), { object: found, complaint });
      }
      from = page.next;
    } while (from !== undefined);
  }

  keys(): Iterable<FormKey> {
    return this.#written.keys();
  }

  async bring(key: FormKey, wanted: WantedStatus | undefined, write: Write): Promise<RetryLater | void> {
    const written = this.#written.get(key);
    const { object } = wanted ?? written ?? {};
    const isKnown = written !== undefined && written.isDoubtful !== true;
    const isDone = wanted !== undefined && isKnown && this.isSame(written, wanted);
    if (object === undefined || isDone) return undefined;
    let isWritable = false;
    try {
      await write(async (signal) => {
        const type = await this.#types.type(object.kind, signal);
        isWritable = type !== undefined;
        if (type !== undefined) await this.#apply(type, { object, complaint: wanted?.complaint }, signal);
      });
    } catch (error) {
      return this.#failed(object, error);
    }
    return isWritable ? undefined : { retryAfterMs: lookMs };
  }

  #failed(object: ComplaintObject, error: unknown): RetryLater | void {
    const status = error instanceof KubeError ? error.status : undefined;
    // Somebody wrote the object meanwhile: it is looked at anew.
    if (status === 409) return { retryAfterMs: 1 };
    if (status !== 404) throw error;
    if (this.#types.missed(object.kind)) return { retryAfterMs: 1 };
    this.#written.delete(statusKey(object));
    return undefined;
  }

  /** Writes into the very object that is meant, as it is now: a server doesn't look whether the uid that is applied is its own. */
  async #apply(
    type: ResourceType,
    { object, complaint }: { readonly object: ComplaintObject; readonly complaint: Complaint | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#options;
    const { namespace, name, uid } = object;
    const key = statusKey(object);
    const { metadata } = await client.get({ type, namespace, name }, { signal });
    if (metadata.uid !== uid) {
      this.#written.delete(key);
      return;
    }
    const before = this.#written.get(key);
    const lastTransitionTime =
      before?.object.uid === uid ? before.complaint.lastTransitionTime : wholeSeconds(new Date());
    const after = complaint && { ...complaint, lastTransitionTime };
    const { resourceVersion } = metadata;
    const manifest = statusManifest({ object, type, resourceVersion }, after);
    try {
      await client.apply(type, manifest, { subresource: 'status', signal });
    } catch (error) {
      const said = after ?? before?.complaint;
      const mayBeDone = error instanceof KubeError && error.mayBeDone;
      if (mayBeDone && said) this.#written.set(key, { object, complaint: said, isDoubtful: true });
      throw error;
    }
    if (after === undefined) this.#written.delete(key);
    else this.#written.set(key, { object, complaint: after });
  }
}

/** RFC 3339, as metav1.Time has it. */
function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '');
}
