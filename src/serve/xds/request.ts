// A request of a client, reduced to what the bookkeeping reads.

import type { DeltaDiscoveryRequest } from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';

/** A delta discovery request without who sent it. `errorDetail` makes it a NACK of the response named by its nonce. */
export interface DeltaRequest extends Pick<
  DeltaDiscoveryRequest,
  | 'typeUrl'
  | 'resourceNamesSubscribe'
  | 'resourceNamesUnsubscribe'
  | 'initialResourceVersions'
  | 'responseNonce'
> {
  readonly errorDetail?: { readonly message: string } | undefined;
}
