// Envoy's admin interface: where it is opened, and what it answers there.

import { create } from '@bufbuild/protobuf';

import { type Admin, AdminSchema } from '../gen/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { type StringMatcher, StringMatcherSchema } from '../gen/envoy/type/matcher/v3/string_pb.ts';
import { type AddressAndPort, tcpAddress } from './address.ts';

/**
 * Makes the admin interface. On loopback it is whole, since who is there may as well kill the process. Elsewhere every pod of
 * a cluster may ask, so it answers what only reads, and the request by which a proxy's own pod has it drain; the rest, such as
 * `/quitquitquit`, it refuses (403). Whoever else makes that request costs callers their kept connections, and no call.
 */
export function adminInterface(at: AddressAndPort): Admin {
  const isLoopback = at.address === '::1' || at.address.startsWith('127.');
  return create(AdminSchema, { address: tcpAddress(at), allowPaths: isLoopback ? [] : openPaths });
}

/** Before a proxy ends it asks callers to go elsewhere with their next request; until it ends, they may come back. */
const drainPath = '/drain_listeners?graceful&skip_exit';

/** A matcher sees the query too. */
const openPaths: StringMatcher[] = [
  ...['/ready', '/server_info', '/stats', drainPath].map((value) => matcher('exact', value)),
  ...['/clusters', '/config_dump', '/listeners', '/stats?', '/stats/prometheus'].map((value) =>
    matcher('prefix', value),
  ),
];

function matcher(kind: 'exact' | 'prefix', value: string): StringMatcher {
  return create(StringMatcherSchema, { matchPattern: { case: kind, value } });
}
