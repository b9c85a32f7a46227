// The limit on requests of one client: Envoy's own token buckets, one for each client address. They are the proxy's,
// shared by its workers, and begin anew when the routes of a block change (as the original's did with any change; ARCHITECTURE.md
// says why).

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import {
  HeaderValueOption_HeaderAppendAction,
  RuntimeFractionalPercentSchema,
} from '../gen/envoy/config/core/v3/base_pb.ts';
import {
  LocalRateLimitDescriptorSchema,
  RateLimitDescriptor_EntrySchema,
} from '../gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.ts';
import { LocalRateLimitSchema } from '../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { FractionalPercent_DenominatorType } from '../gen/envoy/type/v3/percent_pb.ts';
import { TokenBucketSchema } from '../gen/envoy/type/v3/token_bucket_pb.ts';
import type { RateLimit } from '../model/policy.ts';
import { seconds } from './durations.ts';
import { any } from './pack.ts';

/** Under which name routes configure the filter. */
export const rateLimitName = 'envoy.filters.http.local_ratelimit';

const statPrefix = 'mesh';

/** The filter. Without a configuration of a route it lets everything pass. */
export const rateLimitFilter: HttpFilter = create(HttpFilterSchema, {
  name: rateLimitName,
  configType: { case: 'typedConfig', value: any(LocalRateLimitSchema, { statPrefix }) },
});

/**
 * Buckets that are kept for a service port at a proxy, those used last: a few hundred kilobytes at most. A client whose
 * bucket was given up begins with a full one, which takes this many others within the time that his takes to fill.
 */
const maxClients = 1024;

const always = create(RuntimeFractionalPercentSchema, {
  defaultValue: { numerator: 100, denominator: FractionalPercent_DenominatorType.HUNDRED },
});

/** Without a value it stands for each that there is: every address has a bucket of its own. */
const anyClient = create(RateLimitDescriptor_EntrySchema, { key: 'remote_address' });

/** The configuration of a route on which each client has so many requests. Over it the answer is 429. */
export function rateLimit({ average, burst }: RateLimit): Any {
  const tokenBucket = create(TokenBucketSchema, {
    maxTokens: burst,
    tokensPerFill: average,
    fillInterval: seconds(1),
  });
  return any(LocalRateLimitSchema, {
    statPrefix,
    filterEnabled: always,
    filterEnforced: always,
    tokenBucket,
    alwaysConsumeDefaultTokenBucket: false,
    // The address of the connection: the proxy believes no x-forwarded-for (http-manager.ts).
    rateLimits: [{ actions: [{ actionSpecifier: { case: 'remoteAddress', value: {} } }] }],
    descriptors: [create(LocalRateLimitDescriptorSchema, { entries: [anyClient], tokenBucket })],
    maxDynamicDescriptors: maxClients,
    enableRetryAfterHeader: true,
    responseHeadersToAdd: [
      {
        // As the original, in Go's format: in how long the next token comes, if nobody takes it before.
        header: { key: 'X-Retry-In', value: `${Math.ceil(1000 / average)}ms` },
        appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      },
    ],
  });
}
