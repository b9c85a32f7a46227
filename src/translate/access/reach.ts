// What callers may reach of a service port whose pods have several service accounts: there each rule means the pods of one
// of them, so that proxies need a cluster for each set of accounts, and routes that choose between these.

import { byText, type ObjectKey } from '../../model/key.ts';
import type { AccessRule, HttpMatch } from '../../model/topology.ts';

/** Callers and requests that may reach the same pods. */
export interface Reach {
  /** What is said of it, as a rule of its own. */
  readonly rule: AccessRule;
  /** Service accounts of the pods, sorted; absent for all of the port's. */
  readonly accounts?: readonly ObjectKey[];
}

/**
 * What rules come to where some mean only pods of one account; undefined where none does. A caller that several rules let
 * do the same may reach the pods of all of them. Those that reach most come first: of several that fit, the first counts.
 */
export function reachesOf(rules: readonly AccessRule[]): readonly Reach[] | undefined {
  if (rules.every(({ destination }) => destination === undefined)) return undefined;
  const requests = new Map<
    string,
    { readonly match: HttpMatch | undefined; readonly reach: ReachBySource }
  >();
  for (const { sources, matches = [undefined], destination } of rules) {
    for (const match of matches) {
      const id = JSON.stringify(match) ?? '';
      const known = requests.get(id) ?? { match, reach: new Map<ObjectKey, Set<ObjectKey | undefined>>() };
      requests.set(id, known);
      for (const source of sources) {
        const accounts = known.reach.get(source) ?? new Set<ObjectKey | undefined>();
        known.reach.set(source, accounts.add(destination));
      }
    }
  }
  return [...requests.values()]
    .flatMap(({ match, reach }) => reachesOfRequest(match, reach))
    .toSorted((a, b) => sizeOf(b) - sizeOf(a));
}

/** By service account of the caller; undefined among the accounts stands for all of the port's. */
type ReachBySource = Map<ObjectKey, Set<ObjectKey | undefined>>;

function reachesOfRequest(match: HttpMatch | undefined, reach: ReachBySource): readonly Reach[] {
  const bySet = Map.groupBy(reach, ([, accounts]) => nameOf(accounts));
  return [...bySet]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([, group]) => {
      const sources = group.map(([source]) => source).toSorted(byText);
      const accounts = group[0]?.[1] ?? new Set<ObjectKey>();
      return {
        rule: { sources, ...(match !== undefined && { matches: [match] }) },
        ...(!accounts.has(undefined) && { accounts: sorted(accounts) }),
      };
    });
}

function nameOf(accounts: ReadonlySet<ObjectKey | undefined>): string {
  return accounts.has(undefined) ? '' : sorted(accounts).join();
}

function sorted(accounts: ReadonlySet<ObjectKey | undefined>): readonly ObjectKey[] {
  return [...accounts].filter((account) => account !== undefined).toSorted(byText);
}

function sizeOf({ accounts }: Reach): number {
  return accounts?.length ?? Infinity;
}
