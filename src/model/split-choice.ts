// Which of a service's TrafficSplits count, and in which order they are tried.

import { Components } from './components.ts';
import { httpMatch } from './http-match.ts';
import { byText, objectKey, type ServiceKey } from './key.ts';
import type { KubeTrafficSplit } from './objects.ts';
import type { Problem } from './problem.ts';
import type { SmiView } from './smi-store.ts';
import { splitProblem } from './split-problems.ts';
import type { HttpMatch } from './topology.ts';

/** A TrafficSplit of some requests only. */
export interface ConditionalSplit {
  readonly split: KubeTrafficSplit;
  readonly matches: readonly HttpMatch[];
}

/** The TrafficSplits of one service. */
export interface SplitChoice {
  /** Those with matches, in the order in which they are tried. */
  readonly conditional: readonly ConditionalSplit[];
  /** The one for everything else, where there is one. */
  readonly unconditional: KubeTrafficSplit | undefined;
  /** What is wrong with those that don't count. */
  readonly problems: readonly Problem[];
}

/**
 * Chooses. Of those with matches, the one with the most conditions is tried first, as in the original, then by name. Of
 * several without matches, the one whose name sorts first counts.
 */
export function chooseSplits(
  root: ServiceKey,
  { smi, circles }: { readonly smi: SmiView; readonly circles: Components },
): SplitChoice {
  const problems: Problem[] = [];
  const conditional: ConditionalSplit[] = [];
  let unconditional: KubeTrafficSplit | undefined;
  for (const split of [...smi.splitsOf(root)].toSorted((a, b) => byText(a.name, b.name))) {
    if (backendsOf(split).some((backend) => circles.isSame(backend, root)))
      problems.push(splitProblem.cycle(split));
    else if (split.routeGroups.length > 0) {
      const { matches, missing } = matchesOf(split, smi);
      if (missing.length === 0) conditional.push({ split, matches });
      problems.push(...missing.map((name) => splitProblem.noRouteGroup(split, name)));
    } else if (unconditional === undefined) unconditional = split;
    else problems.push(splitProblem.conflict(split, unconditional));
  }
  return {
    // Sorting is stable.
    conditional: conditional.toSorted((a, b) => conditionsOf(b) - conditionsOf(a)),
    unconditional,
    problems,
  };
}

/** Which services lead to each other by TrafficSplits, matches or not. */
export function splitCircles(smi: SmiView): Components {
  return new Components(function* backends(service) {
    for (const split of smi.splitsOf(service)) yield* backendsOf(split);
  });
}

function backendsOf({ namespace, backends }: KubeTrafficSplit): readonly ServiceKey[] {
  return backends.map(({ service }) => objectKey(namespace, service));
}

/** The matches of all groups of a TrafficSplit: a request that any of them fits is meant. */
function matchesOf(
  { namespace, routeGroups }: KubeTrafficSplit,
  smi: SmiView,
): { readonly matches: readonly HttpMatch[]; readonly missing: readonly string[] } {
  const matches: HttpMatch[] = [];
  const missing: string[] = [];
  for (const name of routeGroups) {
    const group = smi.routeGroup(objectKey(namespace, name));
    if (group === undefined) missing.push(name);
    else matches.push(...group.matches.map(httpMatch));
  }
  return { matches, missing };
}

function conditionsOf({ matches }: ConditionalSplit): number {
  let count = 0;
  for (const { methods, pathRegex, headers } of matches) {
    count += headers.length + (methods.length > 0 ? 1 : 0) + (pathRegex === '' ? 0 : 1);
  }
  return count;
}
