// The bytes of a response. What a resource looks like on the wire depends on the resource alone, so it is worked out
// once, and a response is put together from pieces without encoding anything again. Where many streams are sent the same
// resources in turn, these are put together once.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../translate/resources.ts';
import type { Push } from './push.ts';

const responseField = DeltaDiscoveryResponseSchema.field;
const resourceField = ResourceSchema.field;
const anyField = AnySchema.field;
const heads = new WeakMap<Resource, Uint8Array>();
/** As many responses as a new client gets that has 5,000 services, and some; 256 KiB each. */
const maxBodies = 48;
/** So few are put together as soon as they are found. */
const fewResources = 8;

/** The resources of a response, encoded. */
interface Body {
  readonly resources: readonly Resource[];
  readonly bytes: Buffer;
}

/** Encodes responses. It remembers what it has put together lately, until it is told to forget it. */
export class PushEncoder {
  /** By the first of their resources; what was used last is last. */
  readonly #bodies = new Map<Resource | undefined, Body>();

  /**
   * Encodes a response as a DeltaDiscoveryResponse. Equal to what the generated code gives but for the order of the
   * fields, which Protocol Buffers leave open.
   */
  encode(push: Push): Buffer {
    const head = encodeRest(push);
    const { resources } = push;
    if (resources.length < fewResources) return Buffer.concat([head, ...piecesOf(resources)]);
    return Buffer.concat([head, this.#body(resources)]);
  }

  /** To be called when there is nothing for long that many streams would be sent. */
  forget(): void {
    this.#bodies.clear();
  }

  #body(resources: readonly Resource[]): Buffer {
    const [first] = resources;
    const known = this.#bodies.get(first);
    this.#bodies.delete(first);
    const body = known !== undefined && isSame(known.resources, resources) ? known : bodyOf(resources);
    this.#bodies.set(first, body);
    const [oldest] = this.#bodies.keys();
    if (this.#bodies.size > maxBodies) this.#bodies.delete(oldest);
    return body.bytes;
  }
}

function isSame(a: readonly Resource[], b: readonly Resource[]): boolean {
  return a.length === b.length && a.every((resource, index) => resource === b[index]);
}

function bodyOf(resources: readonly Resource[]): Body {
  return { resources, bytes: Buffer.concat(piecesOf(resources)) };
}

function piecesOf(resources: readonly Resource[]): Uint8Array[] {
  return resources.flatMap((resource) => [headOf(resource), resource.bytes]);
}

/** Everything of a response but the resources. */
function encodeRest(push: Push): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(responseField.systemVersionInfo.number, WireType.LengthDelimited).string(String(push.sequence));
  writer.tag(responseField.typeUrl.number, WireType.LengthDelimited).string(push.typeUrl);
  writer.tag(responseField.nonce.number, WireType.LengthDelimited).string(push.nonce);
  for (const name of push.removed) {
    writer.tag(responseField.removedResources.number, WireType.LengthDelimited).string(name);
  }
  return writer.finish();
}

/**
 * Everything of a resource in a response that comes before its own bytes: they are written last, so that they are
 * kept in memory only once.
 */
function headOf(resource: Resource): Uint8Array {
  let head = heads.get(resource);
  if (head === undefined) heads.set(resource, (head = encodeHead(resource)));
  return head;
}

function encodeHead({ name, version, typeUrl, bytes }: Resource): Uint8Array {
  const any = new BinaryWriter();
  any.tag(anyField.typeUrl.number, WireType.LengthDelimited).string(typeUrl);
  any.tag(anyField.value.number, WireType.LengthDelimited).uint32(bytes.length);
  const anyHead = any.finish();
  const resource = new BinaryWriter();
  resource.tag(resourceField.name.number, WireType.LengthDelimited).string(name);
  resource.tag(resourceField.version.number, WireType.LengthDelimited).string(version);
  resource.tag(resourceField.resource.number, WireType.LengthDelimited).uint32(anyHead.length + bytes.length);
  const resourceHead = resource.raw(anyHead).finish();
  const head = new BinaryWriter();
  head
    .tag(responseField.resources.number, WireType.LengthDelimited)
    .uint32(resourceHead.length + bytes.length);
  return head.raw(resourceHead).finish();
}
