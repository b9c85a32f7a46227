// Where proxies get what a resource refers to: always the one aggregated stream that everything comes on.

import { create } from '@bufbuild/protobuf';

import {
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '../gen/envoy/config/core/v3/config_source_pb.ts';

/** The aggregated stream (ADS), by which proxies get every resource in an order that never breaks traffic. */
export const ads: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
});
