// Who is at the other end of a stream.

import type { JsonValue } from '@bufbuild/protobuf';
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { adminPortKey } from '../../translate/names.ts';

/** What a proxy says of itself in the first request of a stream. */
export interface ProxyIdentity {
  /** `node.id` of its bootstrap: which proxy it is. Two streams may have the same for a while when it reconnects. */
  readonly id: string;
  /** `node.cluster` of its bootstrap: what kind of proxy it is. */
  readonly cluster: string;
  /** Port of its admin interface, where its bootstrap says so ({@link adminPortKey}). */
  readonly adminPort: number | undefined;
}

/** A proxy with a stream open. */
export interface ConnectedProxy extends ProxyIdentity {
  /** IP address that it connects from. */
  readonly address: string;
  readonly connectedSince: Date;
  /** The newest sequence of which it has acknowledged everything; 0 before it has had any, listeners included. */
  readonly acknowledged: number;
  /** Whether it has ever acknowledged a whole snapshot, listeners included, on this stream. */
  readonly ready: boolean;
}

/** Reads what a proxy says of itself. */
export function identityOf(node: Node): ProxyIdentity {
  const port: JsonValue | undefined = node.metadata?.[adminPortKey];
  const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
  return { id: node.id, cluster: node.cluster, adminPort: isPort ? port : undefined };
}

/** The IP address in what grpc-js calls a peer: `10.0.0.7:41234`, `::1:41234`, `::ffff:10.0.0.7:41234`. */
export function peerAddress(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^::ffff:(?=\d+\.)/, '');
}
