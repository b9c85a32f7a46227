// Who has which address: the one place that says which service account a caller is. It knows pods and nothing of rules.

import { objectKey, type ObjectKey } from '../key.ts';
import { addTo, removeFrom } from '../maps.ts';
import type { KubePod } from '../objects.ts';

interface Identity {
  readonly account: ObjectKey;
  readonly addresses: readonly string[];
}

/**
 * Pods that may call: those that have an address and haven't finished. An address that pods of several service accounts
 * have (the node's, where pods have no network of their own; or for a moment one that a new pod got from an old one)
 * is nobody's.
 */
export class PodIdentities {
  readonly #pods = new Map<ObjectKey, Identity>();
  readonly #holders = new Map<string, Set<Identity>>();
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
    return [...(this.#addresses.get(account) ?? [])].filter((each) => !this.#isContested(each)).toSorted();
  }

  /** The first of the addresses of a service account that pods of another have too; undefined where there is none. */
  contestedOf(account: ObjectKey): string | undefined {
    return [...(this.#addresses.get(account) ?? [])].filter((each) => this.#isContested(each)).toSorted()[0];
  }

  #isContested(address: string): boolean {
    let account: ObjectKey | undefined;
    for (const holder of this.#holders.get(address) ?? []) {
      if (account !== undefined && holder.account !== account) return true;
      ({ account } = holder);
    }
    return false;
  }

  #add(key: ObjectKey, identity: Identity): void {
    this.#pods.set(key, identity);
    for (const address of identity.addresses) {
      addTo(this.#holders, address, identity);
      addTo(this.#addresses, identity.account, address);
    }
    this.#touch(identity);
  }

  #remove(key: ObjectKey, identity: Identity): void {
    this.#touch(identity);
    this.#pods.delete(key);
    const { account } = identity;
    for (const address of identity.addresses) {
      removeFrom(this.#holders, address, identity);
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

function identityOf({ namespace, serviceAccount, ips }: KubePod): Identity {
  return { account: objectKey(namespace, serviceAccount), addresses: ips };
}

function isSame(a: Identity, b: Identity): boolean {
  return (
    a.account === b.account &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, index) => address === b.addresses[index])
  );
}
