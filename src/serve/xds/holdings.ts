// What the client at the end of a stream holds and asks for, of one type. Nearly always that is exactly what the newest
// snapshot says, so only the names for which it is not are kept; a thousand streams at rest share one map of resources.

import { difference, noResources } from './snapshot.ts';
import type { ResourceMap } from './snapshot.ts';

/** What is known of the client and one resource name. */
export interface Holding {
  /** Subscribed to by this name, besides any wildcard. */
  readonly named: boolean;
  /** The version that the client holds; undefined where it holds none. */
  readonly version: string | undefined;
}

const nothing: Holding = { named: false, version: undefined };
/** So little that it is not worth a look. */
const smallest = 64;

/**
 * A map from name to {@link Holding}, stored as a difference. A name that is not stored stands for one of two things:
 * - `nothing`: the client neither asked for it nor holds it (how a stream starts);
 * - `current`: the client holds what the map of resources says, and by the subscription that is usual on this stream
 *   (the wildcard if it has one, else by name). A name that is not in the map stands for nothing then too.
 */
export class Holdings {
  #resources: ResourceMap = noResources;
  #wildcard = false;
  #rest: 'nothing' | 'current' = 'nothing';
  #stored = new Map<string, Holding>();
  /** Changes since {@link compact} had its last look. */
  #changes = 0;

  /** The map of resources which names that are not stored are compared with. */
  get resources(): ResourceMap {
    return this.#resources;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  /** How many names are stored: what the stream costs beyond the shared map. */
  get storedCount(): number {
    return this.#stored.size;
  }

  /** Names and holdings that are stored: all there are while the map of resources is empty. */
  stored(): IterableIterator<[string, Holding]> {
    return this.#stored.entries();
  }

  get(name: string): Holding {
    return this.#stored.get(name) ?? this.#implied(name);
  }

  /** Whether the client wants to hear of this name. */
  wants(name: string): boolean {
    return this.#wildcard || this.get(name).named;
  }

  set(name: string, holding: Holding): void {
    this.#changes += 1;
    const resource = this.#resources.get(name);
    if (isEqual(holding, this.#implied(name))) this.#stored.delete(name);
    else if (resource === undefined) this.#stored.set(name, holding);
    // The names and versions of the shared map are kept rather than equal strings that a client sent.
    else
      this.#stored.set(resource.name, {
        named: holding.named,
        version: shared(holding.version, resource.version),
      });
  }

  /** Begins the wildcard subscription. What the client holds stays. */
  addWildcard(): void {
    this.#storeAll();
    this.#wildcard = true;
  }

  /** Ends the wildcard subscription: the client forgets everything that it did not ask for by name. */
  dropWildcard(): void {
    this.#storeAll();
    this.#wildcard = false;
    for (const [name, holding] of this.#stored) if (!holding.named) this.#stored.delete(name);
  }

  /** Compares with another map from now on. What the client holds stays as it is. */
  rebase(resources: ResourceMap): void {
    const { changed, removed } = difference(this.#resources, resources);
    if (this.#rest === 'current') {
      for (const name of changed) this.#store(name);
      for (const name of removed) this.#store(name);
    }
    this.#resources = resources;
    for (const name of changed) this.#forgetIfImplied(name);
    for (const name of removed) this.#forgetIfImplied(name);
  }

  /**
   * Stores the other difference if that takes half as much or less. Cheap enough to be called after every answer: it
   * looks only when it may succeed, and when an eighth has changed since the last look.
   */
  compact(): void {
    const { size } = this.#stored;
    // What is in the map and not stored now would be stored then.
    if (size < smallest || (this.#resources.size - size) * 2 > size) return;
    if (this.#changes < Math.max(smallest, size >> 3)) return;
    this.#changes = 0;
    const other = this.#rest === 'nothing' ? 'current' : 'nothing';
    const stored = new Map<string, Holding>();
    for (const [name, holding] of this.#stored) {
      if (!isEqual(holding, this.#meaning(other, name))) stored.set(name, holding);
    }
    for (const name of this.#resources.keys()) {
      if (!this.#stored.has(name)) stored.set(name, this.#implied(name));
    }
    if (stored.size * 2 > size) return;
    this.#stored = stored;
    this.#rest = other;
  }

  #implied(name: string): Holding {
    return this.#meaning(this.#rest, name);
  }

  #meaning(rest: 'nothing' | 'current', name: string): Holding {
    const resource = rest === 'current' ? this.#resources.get(name) : undefined;
    return resource === undefined ? nothing : { named: !this.#wildcard, version: resource.version };
  }

  #store(name: string): void {
    if (!this.#stored.has(name)) this.#stored.set(name, this.#implied(name));
  }

  #forgetIfImplied(name: string): void {
    const holding = this.#stored.get(name);
    if (holding !== undefined && isEqual(holding, this.#implied(name))) this.#stored.delete(name);
  }

  #storeAll(): void {
    if (this.#rest === 'nothing') return;
    for (const name of this.#resources.keys()) this.#store(name);
    this.#rest = 'nothing';
  }
}

function isEqual(a: Holding, b: Holding): boolean {
  return a.named === b.named && a.version === b.version;
}

function shared(version: string | undefined, current: string): string | undefined {
  return version === current ? current : version;
}
