// What an Envoy would do with a TCP connection or a datagram, worked out from the resources that it is told: as much of
// its matchers as access control uses. Anything else that it meets is an error, so that nothing passes unseen.

import assert from 'node:assert/strict';
import { BlockList, isIPv6 } from 'node:net';
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyUnpack, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '../../src/gen/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { type Listener, ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.ts';
import { TcpProxySchema } from '../../src/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { RouteSchema } from '../../src/gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../../src/gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import {
  DestinationPortInputSchema,
  SourceIPInputSchema,
} from '../../src/gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { IpSchema } from '../../src/gen/envoy/extensions/matching/input_matchers/ip/v3/ip_pb.ts';
import type {
  Matcher,
  Matcher_MatcherList_Predicate,
  Matcher_OnMatch,
} from '../../src/gen/xds/type/matcher/v3/matcher_pb.ts';
import { type Resource, type Resources, typeUrls } from '../../src/translate/resources.ts';
import type { Dial } from './clients/http.ts';

/** A connection, or the first datagram of a sender. */
export interface WalkedConnection {
  readonly traffic: 'tcp' | 'udp';
  /** Address of the caller. */
  readonly from: string;
  readonly to: Dial;
}

/** Walks the listeners of one set of resources. */
export class ConnectionWalk {
  readonly #listeners: readonly Listener[];
  readonly #resources: Resources;

  constructor(resources: Resources) {
    this.#resources = resources;
    this.#listeners = [...resources[typeUrls.listener].values()].map((one) => decoded(ListenerSchema, one));
  }

  /** Every `address:port` that it may be sent to; none where it is closed, or nobody answers. */
  reached(connection: WalkedConnection): ReadonlySet<string> {
    const listener = this.#listeners.find((each) => isAt(each, connection));
    if (listener === undefined) return new Set();
    const cluster =
      connection.traffic === 'udp' ? udpCluster(listener, connection) : tcpCluster(listener, connection);
    return new Set(cluster === undefined ? [] : this.#endpointsOf(cluster));
  }

  #endpointsOf(name: string): readonly string[] {
    const cluster = this.#resources[typeUrls.cluster].get(name);
    if (cluster === undefined) return [];
    const { edsClusterConfig } = decoded(ClusterSchema, cluster);
    const assignment = this.#resources[typeUrls.endpoints].get(edsClusterConfig?.serviceName || name);
    assert.ok(assignment !== undefined, `${name} has no endpoints, not even none`);
    const { endpoints } = decoded(ClusterLoadAssignmentSchema, assignment);
    return endpoints.flatMap(({ lbEndpoints }) =>
      lbEndpoints.map(({ hostIdentifier }) => {
        assert.equal(hostIdentifier.case, 'endpoint');
        const at = hostIdentifier.value.address?.address;
        assert.ok(at?.case === 'socketAddress' && at.value.portSpecifier.case === 'portValue');
        return `${at.value.address}:${at.value.portSpecifier.value}`;
      }),
    );
  }
}

const known = new WeakMap<Resource, unknown>();

/** Decoded once: the same resources are walked many times. */
function decoded<D extends DescMessage>(schema: D, resource: Resource): MessageShape<D> {
  const message = (known.get(resource) as MessageShape<D> | undefined) ?? fromBinary(schema, resource.bytes);
  known.set(resource, message);
  return message;
}

function isAt(listener: Listener, { traffic, to }: WalkedConnection): boolean {
  const isUdp = listener.udpListenerConfig !== undefined;
  const all = [listener.address, ...listener.additionalAddresses.map(({ address }) => address)];
  return (
    isUdp === (traffic === 'udp') &&
    all.some((each) => {
      assert.ok(each?.address.case === 'socketAddress');
      const { address, portSpecifier } = each.address.value;
      return address === to.address && portSpecifier.value === to.port;
    })
  );
}

function tcpCluster(listener: Listener, connection: WalkedConnection): string | undefined {
  const { filterChainMatcher, filterChains } = listener;
  assert.ok(filterChainMatcher !== undefined, `${listener.name} lets everybody in`);
  const action = decide(filterChainMatcher, connection);
  if (action === undefined) return undefined;
  const { value: name } = unpacked(action, StringValueSchema);
  const chain = filterChains.find((each) => each.name === name);
  // A block's own chain takes the cluster that is named after the port.
  const [filter, other] = chain?.filters ?? [];
  if (other !== undefined) return `tcp-${connection.to.port}`;
  assert.ok(filter?.configType.case === 'typedConfig', `no chain ${name}`);
  const { clusterSpecifier } = unpacked(filter.configType.value, TcpProxySchema);
  assert.equal(clusterSpecifier.case, 'cluster');
  return clusterSpecifier.value;
}

function udpCluster({ listenerFilters }: Listener, connection: WalkedConnection): string | undefined {
  const [filter] = listenerFilters;
  assert.ok(filter?.configType.case === 'typedConfig');
  const { routeSpecifier } = unpacked(filter.configType.value, UdpProxyConfigSchema);
  assert.equal(routeSpecifier.case, 'matcher');
  const action = decide(routeSpecifier.value, connection);
  return action === undefined ? undefined : unpacked(action, RouteSchema).cluster;
}

/** The action that a matcher comes to. */
function decide({ matcherType, onNoMatch }: Matcher, connection: WalkedConnection): Any | undefined {
  if (matcherType.case === undefined) return follow(onNoMatch, connection);
  if (matcherType.case === 'matcherList') {
    const found = matcherType.value.matchers.find(({ predicate }) => doesFit(predicate, connection));
    return follow(found?.onMatch ?? onNoMatch, connection);
  }
  const { input, treeType } = matcherType.value;
  unpacked(input?.typedConfig, DestinationPortInputSchema);
  assert.equal(treeType.case, 'exactMatchMap');
  return follow(treeType.value.map[connection.to.port] ?? onNoMatch, connection);
}

function follow(on: Matcher_OnMatch | undefined, connection: WalkedConnection): Any | undefined {
  if (on === undefined) return undefined;
  if (on.onMatch.case === 'matcher') return decide(on.onMatch.value, connection);
  assert.equal(on.onMatch.case, 'action');
  return on.onMatch.value.typedConfig;
}

function doesFit(predicate: Matcher_MatcherList_Predicate | undefined, { from }: WalkedConnection): boolean {
  assert.equal(predicate?.matchType.case, 'singlePredicate');
  const { input, matcher } = predicate.matchType.value;
  unpacked(input?.typedConfig, SourceIPInputSchema);
  assert.equal(matcher.case, 'customMatch');
  const list = new BlockList();
  const { cidrRanges } = unpacked(matcher.value.typedConfig, IpSchema);
  assert.ok(cidrRanges.length > 0, 'Envoy takes no empty list');
  for (const { addressPrefix, prefixLen = 0 } of cidrRanges)
    list.addSubnet(addressPrefix, prefixLen, family(addressPrefix));
  return list.check(from, family(from));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function unpacked<D extends DescMessage>(packed: Any | undefined, schema: D): MessageShape<D> {
  const message = packed && anyUnpack(packed, schema);
  assert.ok(message !== undefined, `${packed?.typeUrl ?? 'nothing'} instead of ${schema.typeName}`);
  return message;
}
