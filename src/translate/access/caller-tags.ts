// Who calls: filters that write the caller's service account, found by the address of its connection, into an internal
// header. What addresses they know comes apart from the listeners (ECDS), so that pods come and go without a listener or
// a route being touched; and in shards by address, so that a pod changes a few kilobytes of it and not all.

import { create } from '@bufbuild/protobuf';

import { CidrRangeSchema } from '../../gen/envoy/config/core/v3/address_pb.ts';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import {
  IPTagging_IpTagHeader_HeaderAction,
  IPTagging_IPTagSchema,
  type IPTagging_IPTag,
  IPTagging_RequestType,
  IPTaggingSchema,
} from '../../gen/envoy/extensions/filters/http/ip_tagging/v3/ip_tagging_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { byText, type ObjectKey } from '../../model/key.ts';
import { withoutThose } from '../../model/lists.ts';
import type { Topology } from '../../model/topology.ts';
import { ads } from '../config-source.ts';
import { callerTagsName, internalHeaders } from '../names.ts';
import { any, pack } from '../pack.ts';
import { type Resource, typeUrls } from '../resources.ts';

/**
 * How many shards: each costs every request a look-up, and the fewer they are, the more is sent for a pod. With 5,000 pods
 * a shard is 12 KiB.
 */
const shardCount = 16;

const shards = Array.from({ length: shardCount }, (_, shard) => shard);

/** The filters, before any that reads {@link internalHeaders.caller}. */
export const callerFilters: readonly HttpFilter[] = shards.map((shard) =>
  create(HttpFilterSchema, {
    name: callerTagsName(shard),
    configType: {
      case: 'configDiscovery',
      value: { configSource: ads, typeUrls: [`type.googleapis.com/${IPTaggingSchema.typeName}`] },
    },
  }),
);

/** Makes the function that makes what they know, one resource a shard. A shard in which nothing changed is kept. */
export function createCallerTags(): (callers: NonNullable<Topology['callers']>) => readonly Resource[] {
  const known = shards.map(() => new Map<ObjectKey, Set<string>>());
  let last: NonNullable<Topology['callers']> = new Map();
  let resources = shards.map((shard) => packShard(shard, new Map()));
  return (callers) => {
    if (callers === last) return resources;
    const touched = new Set<number>();
    for (const account of new Set([...last.keys(), ...callers.keys()])) {
      const before = last.get(account) ?? [];
      const after = callers.get(account) ?? [];
      if (before === after) continue;
      for (const address of withoutThose(before, after))
        touched.add(change(known, address, (at) => take(at, account, address)));
      for (const address of withoutThose(after, before))
        touched.add(change(known, address, (at) => put(at, account, address)));
    }
    last = callers;
    resources = resources.map((resource, shard) =>
      touched.has(shard) ? packShard(shard, known[shard] ?? new Map()) : resource,
    );
    return resources;
  };
}

type Shard = Map<ObjectKey, Set<string>>;

function change(known: readonly Shard[], address: string, by: (shard: Shard) => void): number {
  const index = shardOf(address);
  const shard = known[index];
  if (shard !== undefined) by(shard);
  return index;
}

function put(shard: Shard, account: ObjectKey, address: string): void {
  const addresses = shard.get(account);
  if (addresses === undefined) shard.set(account, new Set([address]));
  else addresses.add(address);
}

function take(shard: Shard, account: ObjectKey, address: string): void {
  const addresses = shard.get(account);
  addresses?.delete(address);
  if (addresses?.size === 0) shard.delete(account);
}

/** The same in every replica: FNV-1a, of 32 bits. */
function shardOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index++) {
    hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}

function packShard(shard: number, accounts: Shard): Resource {
  const name = callerTagsName(shard);
  const tags = [...accounts]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([account, addresses]) => tag(account, [...addresses].toSorted(byText)));
  const typedConfig = any(IPTaggingSchema, {
    requestType: IPTagging_RequestType.BOTH,
    ipTags: tags.length > 0 ? tags : [nobody],
    ipTagHeader: {
      header: internalHeaders.caller,
      // The client's own is gone already, and an address is in one shard only: to remove it here would undo the others.
      action: IPTagging_IpTagHeader_HeaderAction.APPEND_IF_EXISTS_OR_ADD,
    },
  });
  const config = create(TypedExtensionConfigSchema, { name, typedConfig });
  return pack(TypedExtensionConfigSchema, config, { name, typeUrl: typeUrls.extensions, services: [] });
}

function tag(account: ObjectKey, addresses: readonly string[]): IPTagging_IPTag {
  return create(IPTagging_IPTagSchema, {
    ipTagName: account,
    ipList: addresses.map((address) =>
      create(CidrRangeSchema, {
        addressPrefix: address,
        prefixLen: address.includes(':') ? 128 : 32,
      }),
    ),
  });
}

/** Envoy takes no list without an entry, and no connection comes from this address. */
const nobody = tag('nobody', ['0.0.0.0']);
