// What goes into one response: resources and names of removed ones, up to a limit.

import type { Resource } from '../../translate/resources.ts';

/** How much one response may hold. A resource that is bigger than `maxBytes` goes in a response of its own. */
export interface Limits {
  readonly maxBytes: number;
  /** Resources and removed names together. */
  readonly maxResources: number;
}

/**
 * Limits of a response by default. Small enough that a thousand proxies which all wait for a response take 256 MiB at
 * most, big enough that an Envoy which starts spends its time on the resources and not on the round trips.
 */
export const defaultLimits: Limits = { maxBytes: 256 * 1024, maxResources: 1000 };

/** A response in the making, and then on its way. */
export class Batch {
  readonly resources: Resource[] = [];
  readonly removed: string[] = [];
  /** The oldest sequence of which it brings a part; Infinity while it is empty. */
  since: number = Infinity;
  readonly #limits: Limits;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Resources and removed names. */
  get size(): number {
    return this.resources.length + this.removed.length;
  }

  /** Whether there is room for this resource. There always is in an empty batch. */
  fits(resource: Resource): boolean {
    if (this.size === 0) return true;
    return this.size < this.#limits.maxResources && this.#bytes + sizeOf(resource) <= this.#limits.maxBytes;
  }

  /** Whether there is room for one more removed name. */
  get hasRoom(): boolean {
    return this.size === 0 || (this.size < this.#limits.maxResources && this.#bytes < this.#limits.maxBytes);
  }

  add(resource: Resource, since: number): void {
    this.resources.push(resource);
    this.#bytes += sizeOf(resource);
    this.since = Math.min(this.since, since);
  }

  remove(name: string, since: number): void {
    this.removed.push(name);
    this.#bytes += name.length;
    this.since = Math.min(this.since, since);
  }
}

/** Every name that a response says something about: resources first, then removed ones. */
export function namesIn(response: {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}): string[] {
  return [...response.resources.map(({ name }) => name), ...response.removed];
}

/** About what a resource takes in a response: its bytes, name, version and type URL. Names are mostly ASCII. */
function sizeOf(resource: Resource): number {
  return resource.bytes.length + resource.name.length + resource.version.length + resource.typeUrl.length;
}
