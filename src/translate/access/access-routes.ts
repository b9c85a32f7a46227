// The routes that lead to a service port where access is controlled.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import { type RouteMatch, RouteMatchSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { ObjectKey } from '../../model/key.ts';
import type { AccessRule, ServicePort } from '../../model/topology.ts';
import { accountsClusterName, internalHeaders } from '../names.ts';
import { headerConditions, headerMatches, pathMatches, pathPattern } from '../request-match.ts';
import { noDotSegment } from './dot-segments.ts';
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
    const guard = accessPolicy([
      ...others,
      ...(accounts ?? [undefined]).map((account) => rulesFor(access, account)),
    ]);
    return matchesOf(rule, match).map((chosen) => ({ match: chosen, cluster, guard }));
  });
  return [...ways, { match, cluster: key, guard: accessPolicy([]) }];
}

/** The rules that let in to pods of a service account, or to all pods. */
function rulesFor(access: readonly AccessRule[], account: ObjectKey | undefined): readonly AccessRule[] {
  return access.filter(({ destination }) => destination === undefined || destination === account);
}

/** Callers that one regular expression tells: more would make it large. */
const maxSources = 50;

/**
 * What a request is like that a rule means, besides what a match asks for. Where both ask for a path, the rule's is looked
 * for with the query: a way may then be chosen that denies, though another would not.
 */
function matchesOf({ sources, matches: [request] = [] }: AccessRule, match: RouteMatch): RouteMatch[] {
  const { pathRegex = '' } = request ?? {};
  const path = pathPattern(pathRegex);
  const isPathFree = match.pathSpecifier.case === 'prefix';
  const conditions = [
    ...match.headers,
    ...(request === undefined ? [] : headerConditions(request)),
    ...(pathRegex === '' ? [] : [noDotSegment]),
    ...(pathRegex === '' || isPathFree ? [] : [headerMatches(':path', path)]),
  ];
  const pathSpecifier = pathRegex === '' || !isPathFree ? match.pathSpecifier : pathMatches(path);
  return chunks(sources).map((some) =>
    create(RouteMatchSchema, { ...match, pathSpecifier, headers: [callerIs(some), ...conditions] }),
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
