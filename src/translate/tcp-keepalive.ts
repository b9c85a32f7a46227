// How proxies notice that the other end of a connection is gone. There is no idle timeout for TCP connections, HTTP
// streams or WebSockets, so this alone ends those whose peer has vanished without a word.

import { create } from '@bufbuild/protobuf';

import { type TcpKeepalive, TcpKeepaliveSchema } from '../gen/envoy/config/core/v3/address_pb.ts';

/** A silent connection is probed after a minute, and given up after another one without an answer. */
export const tcpKeepalive: TcpKeepalive = create(TcpKeepaliveSchema, {
  keepaliveTime: 60,
  keepaliveInterval: 10,
  keepaliveProbes: 6,
});
