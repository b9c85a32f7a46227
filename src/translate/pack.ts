// Messages into bytes: the only place where resources are encoded and versioned.

import { hash } from 'node:crypto';

import {
  type DescMessage,
  type MessageShape,
  create,
  toBinary,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';

import type { ServiceKey } from '../model/key.ts';
import type { Resource, TypeUrl } from './resources.ts';

/** What a resource is called, of which type it is, and of which services it was made. */
export interface Label {
  readonly name: string;
  readonly typeUrl: TypeUrl;
  readonly services: readonly ServiceKey[];
}

/**
 * Encodes a resource. Its version is the first 64 bits of the SHA-256 of its bytes, in hexadecimal. The same message gives the same bytes:
 * fields are written in the order of their numbers, and entries of a map by their keys where those are numbers; no other map
 * here has more than one.
 */
export function pack<D extends DescMessage>(schema: D, message: MessageShape<D>, label: Label): Resource {
  return packBytes(toBinary(schema, message), label);
}

/** The same for a message that is encoded already. */
export function packBytes(bytes: Uint8Array, label: Label): Resource {
  const version = hash('sha256', bytes, 'hex').slice(0, 16);
  return { name: label.name, typeUrl: label.typeUrl, version, bytes, services: label.services };
}

/** Wraps the configuration of an Envoy extension. */
export function any<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any {
  return anyPack(schema, create(schema, init));
}
