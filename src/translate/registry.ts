// Every message that can stand inside an Any of a resource or of the bootstrap, for turning them into JSON and back.

import { createRegistry, type Registry } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';

import { ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../gen/envoy/config/route/v3/scoped_route_pb.ts';
import { TypedExtensionConfigSchema } from '../gen/envoy/config/core/v3/extension_pb.ts';
import { ExtensionWithMatcherSchema } from '../gen/envoy/extensions/common/matching/v3/extension_matcher_pb.ts';
import { SkipFilterSchema } from '../gen/envoy/extensions/filters/common/matcher/action/v3/skip_action_pb.ts';
import { HeaderMutationSchema as HeaderMutationFilterSchema } from '../gen/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.ts';
import { IPTaggingSchema } from '../gen/envoy/extensions/filters/http/ip_tagging/v3/ip_tagging_pb.ts';
import { LocalRateLimitSchema } from '../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import { LuaPerRouteSchema, LuaSchema } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { RBACPerRouteSchema, RBACSchema } from '../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RouterSchema } from '../gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { HttpConnectionManagerSchema } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { ConfigSchema as SetFilterStateSchema } from '../gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.ts';
import { TcpProxySchema } from '../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { RouteSchema as UdpRouteSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import { HeaderMutationSchema } from '../gen/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { PreserveCaseFormatterConfigSchema } from '../gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import { PreviousHostsPredicateSchema } from '../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import {
  DestinationPortInputSchema,
  SourceIPInputSchema,
} from '../gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { IpSchema } from '../gen/envoy/extensions/matching/input_matchers/ip/v3/ip_pb.ts';
import { HttpRequestHeaderMatchInputSchema } from '../gen/envoy/type/matcher/v3/http_inputs_pb.ts';
import { UpstreamTlsContextSchema } from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { HttpProtocolOptionsSchema } from '../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';

/** The messages that Maesh sends to proxies. */
export const registry: Registry = createRegistry(
  ClusterSchema,
  ClusterLoadAssignmentSchema,
  ListenerSchema,
  RouteConfigurationSchema,
  ScopedRouteConfigurationSchema,
  DestinationPortInputSchema,
  ExtensionWithMatcherSchema,
  HttpConnectionManagerSchema,
  HttpProtocolOptionsSchema,
  HttpRequestHeaderMatchInputSchema,
  HeaderMutationFilterSchema,
  HeaderMutationSchema,
  IPTaggingSchema,
  IpSchema,
  LocalRateLimitSchema,
  LuaPerRouteSchema,
  LuaSchema,
  PreserveCaseFormatterConfigSchema,
  PreviousHostsPredicateSchema,
  RBACPerRouteSchema,
  RBACSchema,
  RouterSchema,
  SetFilterStateSchema,
  SkipFilterSchema,
  SourceIPInputSchema,
  StringValueSchema,
  TcpProxySchema,
  TypedExtensionConfigSchema,
  UdpProxyConfigSchema,
  UdpRouteSchema,
  UpstreamTlsContextSchema,
);
