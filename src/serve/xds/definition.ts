// The aggregated discovery service, as grpc-js wants it: the generated description turned into paths and codecs.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ServerDuplexStream, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { AggregatedDiscoveryService } from '../../gen/envoy/service/discovery/v3/ads_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';

/** A delta stream: requests as messages, responses as the bytes that they were encoded to. */
export type DeltaCall = ServerDuplexStream<DeltaDiscoveryRequest, Buffer>;

/** A state-of-the-world stream. */
export type StateOfTheWorldCall = ServerDuplexStream<DiscoveryRequest, Buffer>;

/** What an implementation of {@link discoveryService} consists of. */
export interface DiscoveryHandlers {
  readonly deltaAggregatedResources: (call: DeltaCall) => void;
  readonly streamAggregatedResources: (call: StateOfTheWorldCall) => void;
  readonly [method: string]: UntypedHandleCall;
}

const { deltaAggregatedResources: delta, streamAggregatedResources: stateOfTheWorld } =
  AggregatedDiscoveryService.method;
const asItIs = (bytes: Buffer): Buffer => bytes;

/** The service's two methods. Responses are passed through: they are encoded already. */
export const discoveryService: ServiceDefinition = {
  deltaAggregatedResources: {
    path: `/${AggregatedDiscoveryService.typeName}/${delta.name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: DeltaDiscoveryRequest) => Buffer.from(toBinary(delta.input, request)),
    requestDeserialize: (bytes: Buffer) => fromBinary(DeltaDiscoveryRequestSchema, bytes),
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
  streamAggregatedResources: {
    path: `/${AggregatedDiscoveryService.typeName}/${stateOfTheWorld.name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: DiscoveryRequest) => Buffer.from(toBinary(stateOfTheWorld.input, request)),
    // Not worth reading: it is refused whatever it says.
    requestDeserialize: () => create(DiscoveryRequestSchema),
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
};
