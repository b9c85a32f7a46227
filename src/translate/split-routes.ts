// The routes of a split: for each match and each backend, the routes that the backend's own service port has, so that its
// own policy holds, for that part of the requests that is the backend's.

import { create } from '@bufbuild/protobuf';

import { RuntimeFractionalPercentSchema } from '../gen/envoy/config/core/v3/base_pb.ts';
import { type RouteMatch, RouteMatchSchema } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { FractionalPercent_DenominatorType } from '../gen/envoy/type/v3/percent_pb.ts';
import type { HttpMatch, Split, SplitBackend } from '../model/topology.ts';
import { portions, wholeMillion } from './portions.ts';
import { headerConditions, pathMatches, pathPattern } from './request-match.ts';

/** Requests that a backend gets, unless a route before has taken them. */
export interface SplitMatch {
  readonly backend: SplitBackend;
  readonly match: RouteMatch;
}

/** Requests of every path. */
export const everyPath: RouteMatch['pathSpecifier'] = { case: 'prefix', value: '/' };

/**
 * What leads to which backend, in the order in which routes are tried. Envoy draws one number for a request and holds it
 * against each route's fraction: so the routes of the second backend have the fraction of the first two together, and
 * those of the last have none.
 */
export function splitMatches({ matches = [everything], backends }: Split): readonly SplitMatch[] {
  const parts = portions(backends.map(({ weight }) => weight));
  return matches.flatMap((requests) => {
    let end = 0;
    return backends.map((backend, index) => {
      end += parts[index] ?? 0;
      return { backend, match: matchUpTo(requests, end) };
    });
  });
}

const everything: HttpMatch = { methods: [], pathRegex: '', headers: [] };

function matchUpTo(requests: HttpMatch, end: number): RouteMatch {
  const { pathRegex } = requests;
  return create(RouteMatchSchema, {
    pathSpecifier: pathRegex === '' ? everyPath : pathMatches(pathPattern(pathRegex)),
    headers: headerConditions(requests),
    ...(end < wholeMillion && {
      runtimeFraction: create(RuntimeFractionalPercentSchema, {
        defaultValue: { numerator: end, denominator: FractionalPercent_DenominatorType.MILLION },
      }),
    }),
  });
}
