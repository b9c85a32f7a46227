// How two outcomes of a probe differ.

import type { Case, Probe } from './case.ts';
import type { Outcome } from './outcome.ts';

/** Something in which the two sides differ. */
export interface Finding {
  readonly case: Case;
  readonly probe: Probe;
  /** `status` and `pods` are which there were; `share POD` how many of the requests a pod got; else what a pod saw. */
  readonly what:
    | 'status'
    | 'pods'
    | `share ${string}`
    | 'host'
    | 'path'
    | 'method'
    | 'httpVersion'
    | `header ${string}`;
  readonly original: string;
  readonly here: string;
}

/** The two sides of a probe. */
export interface Sides {
  readonly original: Outcome;
  readonly here: Outcome;
}

type Difference = Pick<Finding, 'what' | 'original' | 'here'>;

/** All differences. Counts differ where one would come of the other's shares in less than one of 10⁹ tries. */
export function findings(given: Case, probe: Probe, sides: Sides): Finding[] {
  const { original, here } = sides;
  const differences = [
    ...sets('status', original.statuses, here.statuses),
    ...podDifferences(probe, sides),
    ...views(sides),
  ];
  return differences.map((difference) => ({ case: given, probe, ...difference }));
}

type Counts = ReadonlyMap<string, number>;

function* sets(what: 'status' | 'pods', original: Counts, here: Counts): Generator<Difference> {
  const [before, now] = [original, here].map((counts) => [...counts.keys()].toSorted().join(' '));
  if (before !== undefined && now !== undefined && before !== now)
    yield { what, original: before, here: now };
}

function podDifferences(probe: Probe, sides: Sides): Iterable<Difference> {
  if (probe.statusesOnly) return [];
  return probe.isByChance ? shares(sides) : sets('pods', sides.original.pods, sides.here.pods);
}

function* shares({ original, here }: Sides): Generator<Difference> {
  const total = sum(original.statuses);
  for (const pod of new Set([...original.pods.keys(), ...here.pods.keys()])) {
    const before = original.pods.get(pod) ?? 0;
    const now = here.pods.get(pod) ?? 0;
    const share = before / total;
    const isPossible =
      share > 0 && Math.abs(now - before) <= 6.5 * Math.sqrt(total * share * (1 - share)) + 2;
    if (isPossible) continue;
    yield {
      what: `share ${pod}`,
      original: `${before} of ${total}`,
      here: `${now} of ${sum(here.statuses)}`,
    };
  }
}

/**
 * How far the shares of a probe are from the other side's, for each pod: the square of the difference by what it is on
 * average by chance. Many of them tell what one can't.
 */
export function* deviations({ original, here }: Sides): Generator<number> {
  const total = sum(original.statuses);
  for (const [pod, before] of original.pods) {
    if (before === total) continue;
    const now = here.pods.get(pod) ?? 0;
    yield (now - before) ** 2 / (before * (1 - before / total));
  }
}

function sum(counts: Counts): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

/** Headers that belong to the connection between proxy and pod. */
const ofConnections = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

function* views({ original: { seen: before }, here: { seen: now } }: Sides): Generator<Difference> {
  if (before === undefined || now === undefined) return;
  for (const what of ['host', 'path', 'method', 'httpVersion'] as const)
    if (before[what] !== now[what]) yield { what, original: before[what], here: now[what] };
  for (const name of new Set([...Object.keys(before.headers), ...Object.keys(now.headers)])) {
    if (name === 'host' || name.startsWith(':') || ofConnections.has(name)) continue;
    const [original, here] = [before, now].map(({ headers }) => String(headers[name] ?? ''));
    if (original === undefined || here === undefined || original === here) continue;
    yield { what: `header ${name}`, original, here };
  }
}
