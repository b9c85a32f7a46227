// A proxy that takes clusters from a controller, and refuses some of them.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';

import { NodeSchema } from '../../src/gen/envoy/config/core/v3/base_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { typeUrls } from '../../src/translate/resources.ts';

const typeUrl = typeUrls.cluster;

/** Is connected from when it is made until it is disposed of; refuses clusters whose names have a part. */
export class RefusingProxy implements Disposable {
  readonly #refuses: string;
  /** Versions of clusters that it has accepted, by name. */
  readonly accepted: Map<string, string> = new Map<string, string>();
  readonly #client: Client;
  readonly #call: ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

  constructor(port: number, id: string, refuses: string) {
    this.#refuses = refuses;
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#call = this.#client.makeBidiStreamRequest(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      (request: DeltaDiscoveryRequest) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)),
      (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
    // It ends with the controller or when it is disposed of.
    this.#call.on('error', () => undefined);
    this.#call.on('data', (response: DeltaDiscoveryResponse) => this.#answer(response));
    const node = create(NodeSchema, { id, cluster: 'maesh' });
    this.#call.write(create(DeltaDiscoveryRequestSchema, { node, typeUrl, resourceNamesSubscribe: ['*'] }));
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
    this.#client.close();
  }

  #answer({ nonce, resources, removedResources }: DeltaDiscoveryResponse): void {
    const isRefused = resources.some(({ name }) => name.includes(this.#refuses));
    if (!isRefused) {
      for (const { name, version } of resources) this.accepted.set(name, version);
      for (const name of removedResources) this.accepted.delete(name);
    }
    const errorDetail = { code: 3, message: 'this proxy takes no such cluster' };
    this.#call.write(
      create(DeltaDiscoveryRequestSchema, {
        typeUrl,
        responseNonce: nonce,
        ...(isRefused && { errorDetail }),
      }),
    );
  }
}
