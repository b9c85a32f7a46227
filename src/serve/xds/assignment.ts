// Which endpoints a cluster waits for. Read from the cluster's bytes, because the order in which a proxy may be told
// things depends on it and names alone don't say it.

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fromBinary } from '@bufbuild/protobuf';
import {
  Cluster_DiscoveryType,
  Cluster_EdsClusterConfigSchema,
  ClusterSchema,
} from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import type { Resource } from '../../translate/resources.ts';

const typeField = ClusterSchema.field.type.number;
const edsField = ClusterSchema.field.edsClusterConfig.number;
const known = new WeakMap<Resource, string>();

/**
 * The name of the ClusterLoadAssignment that Envoy asks for when it gets this Cluster: `service_name` of its EDS
 * configuration, else its own name; undefined for a cluster that finds its endpoints in another way, or that can't be
 * read (which the proxy will say).
 */
export function assignmentOf(cluster: Resource): string | undefined {
  let name = known.get(cluster);
  if (name === undefined) known.set(cluster, (name = readAssignment(cluster)));
  return name === '' ? undefined : name;
}

/** As {@link assignmentOf}, with an empty name for none. Only the two fields that matter are looked at. */
function readAssignment(cluster: Resource): string {
  try {
    const reader = new BinaryReader(cluster.bytes);
    let isEds = false;
    let serviceName = '';
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === typeField && wireType === WireType.Varint)
        isEds = reader.int32() === Cluster_DiscoveryType.EDS;
      else if (field === edsField && wireType === WireType.LengthDelimited) {
        ({ serviceName } = fromBinary(Cluster_EdsClusterConfigSchema, reader.bytes()));
      } else reader.skip(wireType, field);
    }
    if (!isEds) return '';
    return serviceName === '' ? cluster.name : serviceName;
  } catch {
    return '';
  }
}
