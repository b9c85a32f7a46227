// Paths with a segment `.` or `..`, however it is written. The proxy passes paths on as they are, and a server that resolves
// such a segment would answer for another path than a rule has seen: so no rule about paths allows one.

import { create } from '@bufbuild/protobuf';

import {
  type HeaderMatcher,
  HeaderMatcherSchema,
} from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { headerMatches } from '../request-match.ts';

const slash = String.raw`(?:/|\\|%2f|%5c)`;

/** A segment ends where parameters begin, too, which some servers strip first. */
const path = String.raw`[^?]*${slash}(?:\.|%2e){1,2}(?:(?:${slash}|;|%3b)[^?]*)?`;

/** A condition that there is none in the path; the query may have any. */
export const noDotSegment: HeaderMatcher = create(HeaderMatcherSchema, {
  ...headerMatches(':path', String.raw`(?i)${path}(?:\?\C*)?`),
  invertMatch: true,
});
