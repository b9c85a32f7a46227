// Virtual hosts: which cluster a request goes to.

import { create, toBinary } from '@bufbuild/protobuf';

import { HeaderValueOption_HeaderAppendAction } from '../gen/envoy/config/core/v3/base_pb.ts';
import {
  type Route,
  RouteActionSchema,
  RouteMatchSchema,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.ts';
import type { PortPolicy } from '../model/policy.ts';
import type { AccessRule, ServicePort, Split } from '../model/topology.ts';
import { accessPolicy, type RuleLists } from './access/access-policy.ts';
import { type Passage, type Way, waysTo } from './access/access-routes.ts';
import { milliseconds, never } from './durations.ts';
import { filterPolicy } from './filter-policy.ts';
import { internalHeaders } from './names.ts';
import { everyPath, splitMatches } from './split-routes.ts';

/** Requests that reach a service port: where they are told by one of the domains. */
export interface HttpRoute {
  /** Name of the virtual host: the service port's key. */
  readonly name: string;
  /** Values of the header that the RouteConfiguration finds virtual hosts by. */
  readonly domains: readonly string[];
  /** What the service port asks for. */
  readonly policy: PortPolicy | undefined;
  /** Requests that go elsewhere instead. */
  readonly splits: readonly Split[] | undefined;
  /** Who may call it; undefined where access isn't controlled. */
  readonly access: readonly AccessRule[] | undefined;
}

/**
 * Encodes a RouteConfiguration that finds its virtual hosts by a header instead of the Host. It removes the proxy's own
 * headers from what it sends on, and gives back the client's `x-forwarded-proto` (which an ingress in front of the
 * caller has set), because Envoy overwrites it where it appends to `x-forwarded-for`.
 */
export function encodeRoutes(options: {
  readonly name: string;
  readonly vhostHeader: string;
  readonly isAccessControlled: boolean;
  /** As {@link encodeHost} encodes them. */
  readonly hosts: readonly Uint8Array[];
}): Uint8Array {
  const { name, vhostHeader, isAccessControlled, hosts } = options;
  const rest = create(RouteConfigurationSchema, {
    name,
    vhostHeader,
    // Without it, what a virtual host removes would be gone before it is read here.
    mostSpecificHeaderMutationsWins: true,
    requestHeadersToAdd: [
      {
        header: {
          key: 'x-forwarded-proto',
          value: `%REQ(${internalHeaders.forwardedProto}?x-forwarded-proto)%`,
        },
        appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      },
    ],
    requestHeadersToRemove: [
      internalHeaders.port,
      internalHeaders.namespace,
      internalHeaders.host,
      ...(isAccessControlled ? [internalHeaders.caller] : []),
      'x-envoy-external-address',
    ],
  });
  return Buffer.concat([toBinary(RouteConfigurationSchema, rest), ...hosts]);
}

/**
 * Encodes a virtual host for {@link encodeRoutes}, as a RouteConfiguration that has nothing else: encoded messages one
 * after the other are one with what each of them has. So a change of one service costs no encoding of all the others that
 * are in the same resource.
 */
export function encodeHost(host: VirtualHost): Uint8Array {
  return toBinary(RouteConfigurationSchema, create(RouteConfigurationSchema, { virtualHosts: [host] }));
}

/** Makes the virtual host of a service port. */
export function virtualHost({ name: key, domains, policy, splits = [], access }: HttpRoute): VirtualHost {
  const everything = splits.find(({ matches }) => matches === undefined);
  const own = { key, ...(policy !== undefined && { policy }), ...(access !== undefined && { access }) };
  const outer = access && (everything === undefined ? [access] : listsOf(everything));
  return create(VirtualHostSchema, {
    name: key,
    domains: [...domains],
    ...filterPolicy({ ...own, ...(outer !== undefined && { guard: accessPolicy(outer) }) }),
    requestHeadersToRemove: [internalHeaders.forwardedProto],
    routes: [
      ...splits.flatMap((split) => {
        const lists = split === everything ? outer : access && listsOf(split);
        return splitRoutes(split, { lists, outer });
      }),
      ...(everything === undefined ? ownRoutes(own, outer) : []),
    ],
  });
}

function splitRoutes(split: Split, guards: Omit<Passage, 'match'>): Route[] {
  return splitMatches(split).flatMap(({ backend, match }) =>
    waysTo(backend, { match, ...guards }).map((way) =>
      create(RouteSchema, { ...routeTo(way, backend.policy), ...filterPolicy({ ...backend, ...way }) }),
    ),
  );
}

/** The virtual host has the policy of its port already. */
function ownRoutes(
  own: Pick<ServicePort, 'key' | 'policy' | 'access'>,
  outer: RuleLists | undefined,
): Route[] {
  return waysTo(own, { match: everyRequest, lists: outer, outer }).map((way) => {
    const route = routeTo(way, own.policy);
    if (way.guard === undefined) return route;
    const { typedPerFilterConfig } = filterPolicy({ key: own.key, guard: way.guard });
    return create(RouteSchema, { ...route, typedPerFilterConfig });
  });
}

/** Whoever calls the root must be let in by every backend: a split is never a way around. */
function listsOf({ backends }: Split): RuleLists {
  return backends.map(({ access }) => access ?? []);
}

const everyRequest = create(RouteMatchSchema, { pathSpecifier: everyPath });

function routeTo({ cluster, match }: Way, policy: PortPolicy | undefined): Route {
  const timeout = policy?.requestTimeoutMs === undefined ? never : milliseconds(policy.requestTimeoutMs);
  return create(RouteSchema, {
    match,
    action: {
      case: 'route',
      value: create(RouteActionSchema, { clusterSpecifier: { case: 'cluster', value: cluster }, timeout }),
    },
  });
}
