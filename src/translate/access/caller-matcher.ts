// Who connects, told by the address of the connection or of the datagram, as Envoy's matchers decide it. Envoy has a matcher
// that finds the one list among many that an address is in, but it is marked as unfinished, "not covered by the threat
// model", and logs a warning for each address. So lists are tried one after the other, and callers that may do the same
// have one together.

import { create } from '@bufbuild/protobuf';

import { SourceIPInputSchema } from '../../gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { IpSchema } from '../../gen/envoy/extensions/matching/input_matchers/ip/v3/ip_pb.ts';
import {
  type Matcher,
  Matcher_MatcherList_FieldMatcherSchema,
  type Matcher_MatcherList_Predicate,
  Matcher_MatcherList_PredicateSchema,
  type Matcher_OnMatch,
  MatcherSchema,
} from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { addressRange } from '../address.ts';
import { any } from '../pack.ts';

/** What is done with those who have one of these addresses, of which there is at least one. */
export interface CallerMatch {
  readonly addresses: readonly string[];
  readonly onMatch: Matcher_OnMatch;
}

/** Does what the first match says that fits; nothing for others, who are so denied. */
export function byCaller(matches: readonly CallerMatch[]): Matcher {
  // Envoy takes no empty list, and a matcher of no type fits nobody.
  if (matches.length === 0) return create(MatcherSchema);
  return create(MatcherSchema, {
    matcherType: {
      case: 'matcherList',
      value: {
        matchers: matches.map(({ addresses, onMatch }) =>
          create(Matcher_MatcherList_FieldMatcherSchema, { predicate: isFrom(addresses), onMatch }),
        ),
      },
    },
  });
}

const sourceAddress = { name: 'source-address', typedConfig: any(SourceIPInputSchema, {}) };

function isFrom(addresses: readonly string[]): Matcher_MatcherList_Predicate {
  const typedConfig = any(IpSchema, { statPrefix: 'callers', cidrRanges: addresses.map(addressRange) });
  return create(Matcher_MatcherList_PredicateSchema, {
    matchType: {
      case: 'singlePredicate',
      value: {
        input: sourceAddress,
        matcher: { case: 'customMatch', value: { name: 'addresses', typedConfig } },
      },
    },
  });
}
