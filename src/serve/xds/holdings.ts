// What the client at the end of a stream holds and asks for, of one type. Nearly always that is exactly what the newest
// snapshot says, so only the names for which it is not are kept; a thousand streams at rest share one map of resources.

import type { Resource } from '../../translate/resources.ts';
import { difference, listOf, noResources } from './snapshot.ts';
import type { ResourceMap } from './snapshot.ts';

/** What is known of the client and one resource name. */
export interface Holding {
  /** Subscribed to by this name, besides any wildcard. */
  readonly named: boolean;
  /** The version that the client holds; undefined where it holds none. */
  readonly version: string | undefined;
}

const nothing: Holding = { named: false, version: undefined };
const asked: Holding = { named: true, version: undefined };
/** So little that it is not worth a look. */
const smallest = 64;

/**
 * A map from name to {@link Holding}, stored as a difference. A name that is not stored stands for one of two things:
 * - `current`, up to a name that moves on while a client gets one resource after the other: the client holds what the map
 *   of resources says, and by the subscription that is usual on this stream (the wildcard if it has one, else by name);
 * - `nothing`, after it, and for names that are not in the map: the client neither asked for it nor holds it.
 */
export class Holdings {
  #resources: ResourceMap = noResources;
  #wildcard = false;
  /** The last name that stands for `current`; before the first one in the beginning, undefined where all do. */
  #through: string | undefined = '';
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
    else if (isEqual(holding, asked)) this.#stored.set(resource?.name ?? name, asked);
    else if (resource === undefined) this.#stored.set(name, holding);
    // The names and versions of the shared map are kept rather than equal strings that a client sent.
    else
      this.#stored.set(resource.name, {
        named: holding.named,
        version: shared(holding.version, resource.version),
      });
  }

  /**
   * The client holds these now, as far as it wants them. Those of them that are the next ones of the map, as all are that a
   * client gets which has nothing, need not be stored.
   */
  hold(resources: readonly Resource[]): void {
    const end = this.#moveOn(resources);
    for (const { name, version } of end === 0 ? resources : resources.slice(end)) {
      const { named } = this.get(name);
      if (named || this.#wildcard) this.set(name, { named, version });
    }
  }

  /** The client holds this no more; whether it is subscribed to stays. */
  release(name: string): void {
    const { named } = this.get(name);
    this.set(name, { named, version: undefined });
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
    if (this.#through !== '') {
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
    const other = this.#through === undefined ? '' : undefined;
    const stored = new Map<string, Holding>();
    for (const [name, holding] of this.#stored) {
      if (!isEqual(holding, this.#meaning(other, name))) stored.set(name, holding);
    }
    for (const name of this.#resources.keys()) {
      if (this.#stored.has(name)) continue;
      const holding = this.#implied(name);
      if (!isEqual(holding, this.#meaning(other, name))) stored.set(name, holding);
    }
    if (stored.size * 2 > size) return;
    this.#stored = stored;
    this.#through = other;
  }

  #implied(name: string): Holding {
    return this.#meaning(this.#through, name);
  }

  #meaning(through: string | undefined, name: string): Holding {
    const isCurrent = through === undefined || name <= through;
    const resource = isCurrent ? this.#resources.get(name) : undefined;
    return resource === undefined ? nothing : { named: !this.#wildcard, version: resource.version };
  }

  /** Moves on over those of the resources that are the next ones of the map, and returns how many that are. */
  #moveOn(resources: readonly Resource[]): number {
    if (this.#through === undefined) return 0;
    const all = listOf(this.#resources);
    const start = firstAfter(all, this.#through);
    let count = 0;
    while (count < resources.length && all[start + count] === resources[count]) count += 1;
    const last = all[start + count - 1];
    if (count === 0 || last === undefined) return 0;
    const unlike = this.#wildcard && this.#stored.size === 0 ? [] : this.#unlike(resources.slice(0, count));
    this.#through = start + count === all.length ? undefined : last.name;
    for (const [name, holding] of unlike) this.#stored.set(name, holding);
    return count;
  }

  /** What is to be stored of resources that the client is given and that are about to stand for `current`. */
  #unlike(resources: readonly Resource[]): [string, Holding][] {
    const unlike: [string, Holding][] = [];
    for (const { name, version } of resources) {
      const before = this.#stored.get(name) ?? nothing;
      const isWanted = before.named || this.#wildcard;
      if (isWanted && before.named !== this.#wildcard) this.#stored.delete(name);
      else unlike.push([name, isWanted ? { named: before.named, version } : before]);
    }
    return unlike;
  }

  #store(name: string): void {
    if (!this.#stored.has(name)) this.#stored.set(name, this.#implied(name));
  }

  #forgetIfImplied(name: string): void {
    const holding = this.#stored.get(name);
    if (holding !== undefined && isEqual(holding, this.#implied(name))) this.#stored.delete(name);
  }

  #storeAll(): void {
    if (this.#through === '') return;
    for (const name of this.#resources.keys()) {
      if (this.#implied(name) !== nothing) this.#store(name);
    }
    this.#through = '';
  }
}

/** Index of the first resource whose name is after this one. */
function firstAfter(sorted: readonly Resource[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.name ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isEqual(a: Holding, b: Holding): boolean {
  return a.named === b.named && a.version === b.version;
}

function shared(version: string | undefined, current: string): string | undefined {
  return version === current ? current : version;
}
