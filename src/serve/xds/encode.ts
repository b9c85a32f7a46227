// The bytes of a response. What a resource looks like on the wire depends on the resource alone, so it is worked out
// once, and a response is put together from pieces without encoding anything again.

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

/**
 * Encodes a response as a DeltaDiscoveryResponse. Equal to what the generated code gives but for the order of the
 * fields, which Protocol Buffers leave open.
 */
export function encodePush(push: Push): Buffer {
  const writer = new BinaryWriter();
  writer.tag(responseField.systemVersionInfo.number, WireType.LengthDelimited).string(String(push.sequence));
  writer.tag(responseField.typeUrl.number, WireType.LengthDelimited).string(push.typeUrl);
  writer.tag(responseField.nonce.number, WireType.LengthDelimited).string(push.nonce);
  for (const name of push.removed) {
    writer.tag(responseField.removedResources.number, WireType.LengthDelimited).string(name);
  }
  const pieces: Uint8Array[] = [writer.finish()];
  for (const resource of push.resources) pieces.push(headOf(resource), resource.bytes);
  return Buffer.concat(pieces);
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
