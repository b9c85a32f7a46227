// Where proxies get what a resource refers to: always the one aggregated stream that everything comes on.

import { create } from '@bufbuild/protobuf';

import {
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '../gen/envoy/config/core/v3/config_source_pb.ts';
import { never } from './durations.ts';

/**
 * The aggregated stream (ADS), by which proxies get every resource in an order that never breaks traffic. What waits for
 * a resource waits until it comes: after Envoy's own 15 s, a listener would answer 404 on a machine that is busy.
 */
export const ads: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: 'ads', value: {} },
  initialFetchTimeout: never,
  resourceApiVersion: ApiVersion.V3,
});
