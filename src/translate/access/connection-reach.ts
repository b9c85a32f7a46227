// What callers may reach of a TCP or UDP port: decided when they connect, or send their first datagram, and before anybody
// knows to which backend of a split they come. So a caller gets through whom every backend lets in.

import { byText, type ObjectKey, type PortKey } from '../../model/key.ts';
import type { AccessRule, Endpoint, ServicePort, SplitBackend } from '../../model/topology.ts';
import { accountsClusterName } from '../names.ts';

/** Callers that may reach the same pods. */
export interface ConnectionReach {
  /** Service accounts, at least one, sorted. */
  readonly sources: readonly ObjectKey[];
  /** For each backend (or for the port itself) the service accounts of the pods; absent where it is all pods of all. */
  readonly accounts?: readonly Accounts[];
}

/** Service accounts of pods, sorted; `all` for pods that are nobody's, too. */
type Accounts = readonly ObjectKey[] | 'all';

/** Who may reach what; each caller is in one of them at most, and one that is in none may reach nothing. */
export function connectionReaches(port: ServicePort): readonly ConnectionReach[] {
  const backends = backendsOf(port).map(({ access = [] }) => accountsBySource(access));
  const reaches = new Map<
    string,
    { readonly sources: ObjectKey[]; readonly accounts: readonly Accounts[] }
  >();
  for (const source of [...(backends[0]?.keys() ?? [])].toSorted(byText)) {
    const accounts = backends.map((of) => of.get(source)).filter((each) => each !== undefined);
    if (accounts.length < backends.length) continue;
    const id = JSON.stringify(accounts);
    const known = reaches.get(id);
    if (known === undefined) reaches.set(id, { sources: [source], accounts });
    else known.sources.push(source);
  }
  return [...reaches.values()].map(({ sources, accounts }) =>
    accounts.every((each) => each === 'all') ? { sources } : { sources, accounts },
  );
}

/** The part of a port that a reach stands for: a port with a cluster of its own, or the port itself where it is all of it. */
export function partOf<P extends ServicePort>(port: P, { accounts }: ConnectionReach): P {
  if (accounts === undefined) return port;
  const [split] = port.splits ?? [];
  const own = backendsOf(port).map(({ endpoints = [] }, index) => endpointsOf(endpoints, accounts[index]));
  const part = { ...port, key: partName(port, accounts), isPart: true };
  if (split === undefined) return { ...part, endpoints: own[0] ?? [] };
  const backends = split.backends.map((backend, index) => ({ ...backend, endpoints: own[index] ?? [] }));
  return { ...part, splits: [{ backends }] };
}

/** The parts of a port that need a cluster of their own. */
export function connectionParts<P extends ServicePort>(port: P): readonly P[] {
  return connectionReaches(port).flatMap((reach) =>
    reach.accounts === undefined ? [] : [partOf(port, reach)],
  );
}

function backendsOf(port: ServicePort): readonly Pick<SplitBackend, 'key' | 'access' | 'endpoints'>[] {
  return port.splits?.[0]?.backends ?? [port];
}

function accountsBySource(rules: readonly AccessRule[]): ReadonlyMap<ObjectKey, Accounts> {
  const found = new Map<ObjectKey, Set<ObjectKey | undefined>>();
  for (const { sources, destination } of rules) {
    for (const source of sources) found.set(source, (found.get(source) ?? new Set()).add(destination));
  }
  return new Map([...found].map(([source, destinations]) => [source, accountsOf(destinations)]));
}

function accountsOf(destinations: ReadonlySet<ObjectKey | undefined>): Accounts {
  const accounts = [...destinations].filter((each) => each !== undefined);
  return accounts.length < destinations.size ? 'all' : accounts.toSorted(byText);
}

function endpointsOf(endpoints: readonly Endpoint[], accounts: Accounts = []): readonly Endpoint[] {
  if (accounts === 'all') return endpoints;
  return endpoints.filter(({ account }) => account !== undefined && accounts.includes(account));
}

/** It says whose pods are meant of which backend, so that it never comes to mean others. */
function partName(port: ServicePort, accounts: readonly Accounts[]): PortKey {
  const parts = backendsOf(port).map(({ key }, index) => {
    const own = accounts[index] ?? [];
    return own === 'all' ? key : accountsClusterName(key, own);
  });
  return port.splits === undefined ? (parts[0] ?? port.key) : `${port.key}=${parts.join()}`;
}
