// Who has which address: the one place that says which service account a caller is. It knows pods and nothing of rules.

import { objectKey, type ObjectKey } from '../key.ts';
import { addTo, removeFrom } from '../maps.ts';
import type { KubePod } from '../objects.ts';

interface Identity {
  readonly account: ObjectKey;
  readonly addresses: readonly string[];
  /** Whether they are its node's (`hostNetwork`). */
  readonly isOnNode: boolean;
}

/** An address of a service account that is nobody's all the same. */
export interface SharedAddress {
  readonly address: string;
  /** `node`: it is a node's. `accounts`: pods of other service accounts have it. */
  readonly with: 'node' | 'accounts';
}

/**
 * Pods that may call: those that have an address and haven't finished. An address that pods of several service accounts
 * have (for a moment one that a new pod got from an old one) is nobody's. So is a node's, which pods without a network of
 * their own have: whatever else runs on the node calls from it too, and what is translated to it (SNAT) comes from it.
 */
export class PodIdentities {
  readonly #pods = new Map<ObjectKey, Identity>();
  /** By address. Lists, since nearly each is of one: as sets, those of 100,000 pods would take 17 MiB more. */
  readonly #holders = new Map<string, readonly Identity[]>();
  readonly #addresses = new Map<ObjectKey, Set<string>>();
  #touchedPods = new Set<ObjectKey>();
  #touchedAccounts = new Set<ObjectKey>();

  /** Puts a pod in the place of the one with its key, or takes it away where it is undefined. */
  set(key: ObjectKey, pod: KubePod | undefined): void {
    const old = this.#pods.get(key);
    const next = pod === undefined || pod.finished ? undefined : identityOf(pod);
    if (old === undefined && next === undefined) return;
    if (old !== undefined && next !== undefined && isSame(old, next)) return;
    this.#touchedPods.add(key);
    if (old !== undefined) this.#remove(key, old);
    if (next !== undefined) this.#add(key, next);
  }

  /** Pods that have come, gone or changed their account since the last call; the caller takes them over. */
  takeTouchedPods(): ReadonlySet<ObjectKey> {
    const touched = this.#touchedPods;
    this.#touchedPods = new Set();
    return touched;
  }

  /** Service accounts whose addresses may have changed since the last call; the caller takes them over. */
  takeTouchedAccounts(): ReadonlySet<ObjectKey> {
    const touched = this.#touchedAccounts;
    this.#touchedAccounts = new Set();
    return touched;
  }

  /** The service account of a pod; undefined where there is no such pod, or it has finished. */
  accountOf(pod: ObjectKey): ObjectKey | undefined {
    return this.#pods.get(pod)?.account;
  }

  /** The addresses that stand for a service account, sorted. */
  addressesOf(account: ObjectKey): readonly string[] {
    return [...(this.#addresses.get(account) ?? [])]
      .filter((each) => this.#sharing(each) === undefined)
      .toSorted();
  }

  /** The first of the addresses of a service account that are not its alone; undefined where there is none. */
  sharedOf(account: ObjectKey): SharedAddress | undefined {
    for (const address of [...(this.#addresses.get(account) ?? [])].toSorted()) {
      const sharing = this.#sharing(address);
      if (sharing !== undefined) return { address, with: sharing };
    }
    return undefined;
  }

  #sharing(address: string): SharedAddress['with'] | undefined {
    const holders = this.#holders.get(address) ?? [];
    if (holders.some(({ isOnNode }) => isOnNode)) return 'node';
    return holders.some(({ account }) => account !== holders[0]?.account) ? 'accounts' : undefined;
  }

  #add(key: ObjectKey, identity: Identity): void {
    this.#pods.set(key, identity);
    for (const address of identity.addresses) {
      const holders = this.#holders.get(address);
      this.#holders.set(address, holders === undefined ? [identity] : [...holders, identity]);
      addTo(this.#addresses, identity.account, address);
    }
    this.#touch(identity);
  }

  #remove(key: ObjectKey, identity: Identity): void {
    this.#touch(identity);
    this.#pods.delete(key);
    const { account } = identity;
    for (const address of identity.addresses) {
      const others = (this.#holders.get(address) ?? []).filter((holder) => holder !== identity);
      if (others.length > 0) this.#holders.set(address, others);
      else this.#holders.delete(address);
      if (!this.#has(address, account)) removeFrom(this.#addresses, account, address);
    }
  }

  #has(address: string, account: ObjectKey): boolean {
    for (const holder of this.#holders.get(address) ?? []) if (holder.account === account) return true;
    return false;
  }

  /** Everybody who has one of the addresses: it may become theirs, or nobody's. */
  #touch({ addresses, account }: Identity): void {
    this.#touchedAccounts.add(account);
    for (const address of addresses) {
      for (const holder of this.#holders.get(address) ?? []) this.#touchedAccounts.add(holder.account);
    }
  }
}

function identityOf({ namespace, serviceAccount, ips, hostNetwork }: KubePod): Identity {
  return { account: objectKey(namespace, serviceAccount), addresses: ips, isOnNode: hostNetwork };
}

function isSame(a: Identity, b: Identity): boolean {
  return (
    a.account === b.account &&
    a.isOnNode === b.isOnNode &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, index) => address === b.addresses[index])
  );
}
