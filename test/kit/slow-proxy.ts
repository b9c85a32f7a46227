// A proxy on a real connection that asks for what an Envoy with HTTP services asks for, and acknowledges what it gets only
// when the test lets it.

import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';

import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { discoveryService } from '../../src/serve/xds/definition.ts';
import { typeUrls } from '../../src/translate/resources.ts';

/** A proxy of which the test says when it has taken in what it was told. */
export class SlowProxy implements Disposable {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  /** Responses that it has not answered yet. */
  readonly #held: DeltaDiscoveryResponse[] = [];
  #isHolding = false;

  /** Connects to a port of 127.0.0.1. */
  constructor(port: number, id: string) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#call = this.#client.makeBidiStreamRequest(
      discoveryService['deltaAggregatedResources']?.path ?? '',
      (request: DeltaDiscoveryRequest) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)),
      (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
    // However the stream ends, the test says when.
    this.#call.on('error', () => undefined);
    this.#call.on('data', (response: DeltaDiscoveryResponse) => {
      this.#held.push(response);
      if (!this.#isHolding) this.#answer();
    });
    this.#ask({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: ['*'], node: { id } });
    this.#ask({ typeUrl: typeUrls.listener, resourceNamesSubscribe: ['*'] });
  }

  /** How many responses wait for an answer. */
  get held(): number {
    return this.#held.length;
  }

  /** Answers nothing from now on. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Acknowledges everything that has come, and whatever comes. */
  letGo(): void {
    this.#isHolding = false;
    this.#answer();
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
    this.#client.close();
  }

  #answer(): void {
    for (const { typeUrl, nonce, resources } of this.#held.splice(0)) {
      const names = resources.map(({ name }) => name);
      const routes = names.filter((name) => name.startsWith('http/'));
      // The endpoints of an HTTP cluster have its name, and the routes of a block that of its listener.
      if (typeUrl === typeUrls.cluster) this.#subscribe(typeUrls.endpoints, names);
      if (typeUrl === typeUrls.listener) this.#subscribe(typeUrls.routes, routes);
      this.#ask({ typeUrl, responseNonce: nonce });
    }
  }

  #subscribe(typeUrl: string, names: readonly string[]): void {
    if (names.length > 0) this.#ask({ typeUrl, resourceNamesSubscribe: [...names] });
  }

  #ask(init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void {
    this.#call.write(create(DeltaDiscoveryRequestSchema, init));
  }
}
