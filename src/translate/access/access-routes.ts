// The routes that lead to a service port where access is controlled.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import { type RouteMatch, RouteMatchSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { AccessRule, ServicePort } from '../../model/topology.ts';
import { accountsClusterName, internalHeaders } from '../names.ts';
import { headerConditions, headerMatches, pathPattern } from '../request-match.ts';
import { accessPolicy, type RuleLists } from './access-policy.ts';
import { reachesOf } from './reach.ts';

/** A way to pods. */
export interface Way {
  readonly match: RouteMatch;
  readonly cluster: string;
  /** Who may take it; absent where the virtual host says it, or everybody may. */
  readonly guard?: Any;
}

/** Which requests are meant, and who may send them. */
export interface Passage {
  readonly match: RouteMatch;
  /** Undefined where access isn't controlled. */
  readonly lists: RuleLists | undefined;
  /** What the virtual host says. */
  readonly outer: RuleLists | undefined;
}

/**
 * The ways to an HTTP service port, in the order in which they are tried; what none of them allows is denied by the last.
 * Where a rule means only some of the pods, there is a way to those for whom it lets in: it is the guard that decides, and
 * what the match of such a way asks for only chooses it.
 */
export function waysTo(
  { key, access = [] }: Pick<ServicePort, 'key' | 'access'>,
  { match, lists, outer }: Passage,
): readonly Way[] {
  const reaches = reachesOf(access);
  if (lists === undefined) return [{ match, cluster: key }];
  if (reaches === undefined)
    return [{ match, cluster: key, ...(lists !== outer && { guard: accessPolicy(lists) }) }];
  const others = lists.filter((rules) => rules !== access);
  const ways = reaches.flatMap(({ rule, accounts }) => {
    const cluster = accounts === undefined ? key : accountsClusterName(key, accounts);
    const guard = accessPolicy([...others, [rule]]);
    return matchesOf(rule, match).map((chosen) => ({ match: chosen, cluster, guard }));
  });
  return [...ways, { match, cluster: key, guard: accessPolicy([]) }];
}

/** Callers that one regular expression tells: more would make it large. */
const maxSources = 50;

/** What a request is like that a rule means, besides what a match asks for. */
function matchesOf({ sources, matches: [request] = [] }: AccessRule, match: RouteMatch): RouteMatch[] {
  const { pathRegex = '' } = request ?? {};
  const conditions = [
    ...match.headers,
    ...(request === undefined ? [] : headerConditions(request)),
    // With the query, which the guard leaves out of what it looks at.
    ...(pathRegex === '' ? [] : [headerMatches(':path', pathPattern(pathRegex))]),
  ];
  return chunks(sources).map((some) =>
    create(RouteMatchSchema, { ...match, headers: [callerIs(some), ...conditions] }),
  );
}

function chunks(sources: AccessRule['sources']): readonly AccessRule['sources'][] {
  return Array.from({ length: Math.ceil(sources.length / maxSources) }, (_, index) =>
    sources.slice(index * maxSources, (index + 1) * maxSources),
  );
}

function callerIs(sources: AccessRule['sources']) {
  // A dot is the only character of their names that means something in an expression.
  return headerMatches(
    internalHeaders.caller,
    sources.map((name) => name.replaceAll('.', String.raw`\.`)).join('|'),
  );
}
