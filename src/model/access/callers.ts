// The addresses of those whom some TrafficTarget names as a source: nobody else has to be known by proxies.

import { byText, type ObjectKey } from '../key.ts';
import { withoutThose } from '../lists.ts';
import type { PodIdentities, SharedAddress } from './pod-identities.ts';

/** Keeps them in step with pods and TrafficTargets. */
export class Callers {
  readonly #identities: PodIdentities;
  /** How many TrafficTargets name a service account. */
  readonly #named = new Map<ObjectKey, number>();
  readonly #shared = new Map<ObjectKey, SharedAddress>();
  #touched = new Set<ObjectKey>();
  #addresses: ReadonlyMap<ObjectKey, readonly string[]> = new Map();

  constructor(identities: PodIdentities) {
    this.#identities = identities;
  }

  /** As in the topology; the same reference for as long as nothing in it changes. */
  get addresses(): ReadonlyMap<ObjectKey, readonly string[]> {
    return this.#addresses;
  }

  /** An address of a source that isn't its alone; undefined where there is none. */
  sharedOf(account: ObjectKey): SharedAddress | undefined {
    return this.#shared.get(account);
  }

  /** A TrafficTarget names others than before. The next update sees it. */
  replace(before: readonly ObjectKey[], after: readonly ObjectKey[]): void {
    for (const account of withoutThose(before, after)) this.#count(account, -1);
    for (const account of withoutThose(after, before)) this.#count(account, 1);
  }

  /** Takes in what has changed since the last call. */
  update(): void {
    for (const account of this.#identities.takeTouchedAccounts()) this.#touched.add(account);
    const changed = new Map<ObjectKey, readonly string[]>();
    for (const account of this.#touched) {
      const isNamed = this.#named.has(account);
      const shared = isNamed ? this.#identities.sharedOf(account) : undefined;
      if (shared === undefined) this.#shared.delete(account);
      else this.#shared.set(account, shared);
      const addresses = isNamed ? this.#identities.addressesOf(account) : [];
      if (addresses.join() !== (this.#addresses.get(account) ?? []).join()) changed.set(account, addresses);
    }
    this.#touched = new Set();
    if (changed.size > 0) this.#addresses = merged(this.#addresses, changed);
  }

  #count(account: ObjectKey, by: number): void {
    const count = (this.#named.get(account) ?? 0) + by;
    if (count === 0) this.#named.delete(account);
    else this.#named.set(account, count);
    this.#touched.add(account);
  }
}

/** Those without an address are left out. */
function merged(
  before: ReadonlyMap<ObjectKey, readonly string[]>,
  changed: ReadonlyMap<ObjectKey, readonly string[]>,
): ReadonlyMap<ObjectKey, readonly string[]> {
  const all = new Map([...before, ...changed]);
  for (const [account, addresses] of changed) if (addresses.length === 0) all.delete(account);
  const isSameKeys = all.size === before.size && changed.keys().every((account) => before.has(account));
  return isSameKeys ? all : new Map([...all].toSorted(([a], [b]) => byText(a, b)));
}
