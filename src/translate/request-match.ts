// Which requests a match means, in Envoy's terms. Regular expressions are the user's: those that get here have been found
// to be RE2, and of a size that proxies take (source/parse/regex.ts).

import { create } from '@bufbuild/protobuf';

import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type RouteMatch,
} from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { RegexMatcherSchema } from '../gen/envoy/type/matcher/v3/regex_pb.ts';
import type { HttpMatch } from '../model/topology.ts';

/**
 * RE2 for a path that begins with what a user's expression matches. SMI anchors it at the beginning of the path; the
 * original also put a slash before one that has none.
 */
export function pathPattern(regex: string): string {
  const isAnchored = regex.startsWith('/') || regex.startsWith('^');
  return `${isAnchored ? '' : '/?'}(?:${regex})${anything}`;
}

/** A condition that the whole path matches an expression, without the query. */
export function pathMatches(regex: string): RouteMatch['pathSpecifier'] {
  return { case: 'safeRegex', value: create(RegexMatcherSchema, { regex }) };
}

/** RE2 for a text in which a user's expression matches somewhere. */
export function valuePattern(regex: string): string {
  return `${anything}(?:${regex})${anything}`;
}

/** Any bytes: `.` leaves out the end of a line. */
const anything = String.raw`\C*`;

/** The conditions of a match on headers and method. */
export function headerConditions({ methods, headers }: HttpMatch): HeaderMatcher[] {
  return [
    ...(methods.length === 0 ? [] : [headerMatches(':method', methods.join('|'))]),
    ...headers.map(({ name, regex }) => headerMatches(name, valuePattern(regex))),
  ];
}

/** A condition that a header has a value. */
export function headerIs(name: string, value: string): HeaderMatcher {
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier: {
      case: 'stringMatch',
      value: { matchPattern: { case: 'exact', value } },
    },
  });
}

/** A condition that the whole value of a header matches an expression. */
export function headerMatches(name: string, regex: string): HeaderMatcher {
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier: {
      case: 'stringMatch',
      value: { matchPattern: { case: 'safeRegex', value: { regex } } },
    },
  });
}
