// A client of delta xDS that is no Envoy: it asks for what an Envoy would ask for, acknowledges what comes, and keeps
// nothing of it, so that a thousand of them fit beside what is measured.

import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';

import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { discoveryService } from '../../src/serve/xds/definition.ts';
import { readinessName } from '../../src/translate/names.ts';
import { typeUrls, type TypeUrl } from '../../src/translate/resources.ts';
import { scoutNode } from './controller-addresses.ts';

/** What a proxy holds: versions by name, by type. */
export type Holdings = ReadonlyMap<TypeUrl, Map<string, string>>;

/** The types that a proxy asks for, in the order in which it does, and whether it asks for all there is. */
const asked: readonly (readonly [typeUrl: TypeUrl, isAll: boolean])[] = [
  [typeUrls.cluster, true],
  [typeUrls.endpoints, false],
  [typeUrls.listener, true],
  [typeUrls.routes, false],
];
const { typeUrl: typeField, nonce: nonceField } = DeltaDiscoveryResponseSchema.field;
const asItIs = (bytes: Buffer): Buffer => bytes;

/**
 * Bytes of the requests with which a stream begins, the same for every client: one that has nothing yet, or one that
 * connects again and says what it has.
 */
export function firstRequests(
  holdings: Holdings,
  memory: 'has nothing' | 'has everything',
): readonly Buffer[] {
  return asked.map(([typeUrl, isAll]) => {
    const known = holdings.get(typeUrl) ?? new Map<string, string>();
    return request({
      typeUrl,
      resourceNamesSubscribe: isAll ? ['*'] : [...known.keys()],
      ...(memory === 'has everything' && { initialResourceVersions: Object.fromEntries(known) }),
    });
  });
}

function request(init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): Buffer {
  return Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init)));
}

/** One proxy that is none, with a connection of its own. */
export class CrowdClient {
  /** Its first message says who it is: fields of a message may come in several parts. */
  readonly #node: Buffer;
  readonly #client: Client;

  constructor(id: string, address: string) {
    this.#node = request({ node: { id } });
    this.#client = connect(address);
  }

  /** Asks with the given first requests, and again, as one that has everything, whenever the stream ends. */
  run(requests: readonly Buffer[], again: readonly Buffer[]): void {
    const call = openStream(this.#client);
    call.on('data', (response: Buffer) => call.write(answerTo(response)));
    // However the stream ends, its status says so.
    call.on('error', () => {});
    call.on('status', () => setTimeout(() => this.run(again, again), 100 + Math.random() * 400));
    const [first = Buffer.alloc(0), ...rest] = requests;
    for (const bytes of [Buffer.concat([this.#node, first]), ...rest]) call.write(bytes);
  }
}

/** Asks a server for everything that an Envoy would ask for, and tells what that is. */
export async function findHoldings(address: string): Promise<Holdings> {
  const client = connect(address);
  const call = openStream(client);
  const holdings = new Map(asked.map(([typeUrl]) => [typeUrl, new Map<string, string>()]));
  const of = (typeUrl: TypeUrl): Map<string, string> => holdings.get(typeUrl) ?? new Map<string, string>();
  const listensFor = (names: Iterable<string>): string[] =>
    [...names].filter((name) => name.startsWith('http/'));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  call.on('error', reject);
  call.on('data', (bytes: Buffer) => {
    const { typeUrl, resources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    for (const { name, version } of resources) of(typeUrl as TypeUrl).set(name, version);
    const names = resources.map(({ name }) => name);
    // The endpoints of an HTTP cluster have its name, and the routes of a block that of its listener.
    if (typeUrl === typeUrls.cluster) call.write(subscription(typeUrls.endpoints, names));
    if (typeUrl === typeUrls.listener) call.write(subscription(typeUrls.routes, listensFor(names)));
    call.write(answerTo(bytes));
    const hasListeners = of(typeUrls.listener).has(readinessName);
    const hasEndpoints = of(typeUrls.endpoints).size === of(typeUrls.cluster).size;
    const hasRoutes = of(typeUrls.routes).size === listensFor(of(typeUrls.listener).keys()).length;
    if (hasListeners && hasEndpoints && hasRoutes) resolve();
  });
  call.write(Buffer.concat([request({ node: { id: scoutNode } }), subscription(typeUrls.cluster, ['*'])]));
  call.write(subscription(typeUrls.listener, ['*']));
  await promise;
  call.on('error', () => {});
  call.cancel();
  client.close();
  return holdings;
}

function subscription(typeUrl: TypeUrl, names: readonly string[]): Buffer {
  return request({ typeUrl, resourceNamesSubscribe: [...names] });
}

function connect(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    // A connection of its own for each.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5000,
    'grpc.max_receive_message_length': -1,
  });
}

function openStream(client: Client): ClientDuplexStream<Buffer, Buffer> {
  const path = discoveryService['deltaAggregatedResources']?.path ?? '';
  return client.makeBidiStreamRequest(path, asItIs, asItIs);
}

/** The acknowledgement of a response, of which only type and nonce are read. */
function answerTo(response: Buffer): Buffer {
  const reader = new BinaryReader(response);
  let typeUrl = '';
  let responseNonce = '';
  while (reader.pos < reader.len && (typeUrl === '' || responseNonce === '')) {
    const [field, wire] = reader.tag();
    if (field === typeField.number && wire === WireType.LengthDelimited) typeUrl = reader.string();
    else if (field === nonceField.number && wire === WireType.LengthDelimited)
      responseNonce = reader.string();
    else reader.skip(wire);
  }
  return request({ typeUrl, responseNonce });
}
