// What an Envoy would do with a request, worked out from the resources that it is told: as much of its routing and of its
// RBAC filter as access control uses. Anything else that it meets is an error, so that nothing passes unseen.

import { anyUnpack, type Any } from '@bufbuild/protobuf/wkt';
import { fromBinary } from '@bufbuild/protobuf';
import { TypedExtensionConfigSchema } from '../../src/gen/envoy/config/core/v3/extension_pb.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Permission } from '../../src/gen/envoy/config/rbac/v3/rbac_pb.ts';
import type { HeaderMatcher, RouteMatch } from '../../src/gen/envoy/config/route/v3/route_components_pb.ts';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../src/gen/envoy/config/route/v3/route_pb.ts';
import {
  type IPTagging_IPTag,
  IPTaggingSchema,
} from '../../src/gen/envoy/extensions/filters/http/ip_tagging/v3/ip_tagging_pb.ts';
import { RBACPerRouteSchema } from '../../src/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import type { StringMatcher } from '../../src/gen/envoy/type/matcher/v3/string_pb.ts';
import { accessFilterName } from '../../src/translate/access/access-policy.ts';
import { internalHeaders } from '../../src/translate/names.ts';
import { typeUrls, type Resources } from '../../src/translate/resources.ts';

/** A request as it comes to a mesh port. */
export interface WalkedRequest {
  /** Address of the caller. */
  readonly from: string;
  readonly meshPort: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Walks the routes of one set of resources. */
export class RouteWalk {
  readonly #routes: readonly RouteConfiguration[];
  readonly #tags: readonly IPTagging_IPTag[];
  readonly #assignments: ReadonlyMap<string, ClusterLoadAssignment>;

  constructor(resources: Resources) {
    const all = (type: keyof typeof typeUrls) => [...resources[typeUrls[type]].values()];
    this.#routes = all('routes').map(({ bytes }) => fromBinary(RouteConfigurationSchema, bytes));
    this.#tags = all('extensions').flatMap(({ bytes }) => {
      const { typedConfig } = fromBinary(TypedExtensionConfigSchema, bytes);
      return unpacked(typedConfig, IPTaggingSchema).ipTags;
    });
    this.#assignments = new Map(
      all('endpoints').map(({ name, bytes }) => [name, fromBinary(ClusterLoadAssignmentSchema, bytes)]),
    );
  }

  /** Every `address:port` that the request may be sent to, whatever number Envoy draws for it. */
  reached(request: WalkedRequest): ReadonlySet<string> {
    const headers: Record<string, string> = {
      ...request.headers,
      ':method': request.method,
      ':path': request.path,
    };
    const caller = this.#callerAt(request.from);
    if (caller !== undefined) headers[internalHeaders.caller] = caller;
    const reached = new Set<string>();
    for (const { cluster, guard } of this.#ways(String(request.meshPort), headers)) {
      if (isGuardPassed(guard, headers)) for (const each of this.#endpointsOf(cluster)) reached.add(each);
    }
    return reached;
  }

  /** The tags that all filters together write. */
  #callerAt(address: string): string | undefined {
    const tags = this.#tags.filter(({ ipList }) =>
      ipList.some(({ addressPrefix }) => addressPrefix === address),
    );
    return tags.length === 0 ? undefined : tags.map(({ ipTagName }) => ipTagName).join(',');
  }

  /** The routes that may be taken: those up to the first that fits whatever number is drawn. */
  *#ways(domain: string, headers: Headers): Generator<Way> {
    const host = this.#routes
      .flatMap(({ virtualHosts }) => virtualHosts)
      .find(({ domains }) => domains.includes(domain));
    if (host === undefined) return;
    for (const { match, action, typedPerFilterConfig } of host.routes) {
      if (match === undefined || !isRouteFit(match, headers)) continue;
      const cluster = action.case === 'route' ? action.value.clusterSpecifier : undefined;
      if (cluster?.case !== 'cluster') throw new Error(`an action ${action.case}`);
      yield {
        cluster: cluster.value,
        guard: typedPerFilterConfig[accessFilterName] ?? host.typedPerFilterConfig[accessFilterName],
      };
      if (match.runtimeFraction === undefined) return;
    }
  }

  #endpointsOf(cluster: string): readonly string[] {
    const assignment = this.#assignments.get(cluster);
    if (assignment === undefined) throw new Error(`no endpoints of ${cluster}`);
    return assignment.endpoints.flatMap(({ lbEndpoints }) =>
      lbEndpoints.map(({ hostIdentifier: { value } }) => {
        const address = typeof value === 'object' ? value.address?.address : undefined;
        if (address?.case !== 'socketAddress') throw new Error('an endpoint without an address');
        return `${address.value.address}:${address.value.portSpecifier.value}`;
      }),
    );
  }
}

interface Way {
  readonly cluster: string;
  readonly guard: Any | undefined;
}

function isRouteFit({ pathSpecifier, headers: conditions }: RouteMatch, headers: Headers): boolean {
  const path = (headers[':path'] ?? '').split('?')[0] ?? '';
  const isPath =
    pathSpecifier.case === 'prefix'
      ? path.startsWith(pathSpecifier.value)
      : pathSpecifier.case === 'safeRegex' && regExp(pathSpecifier.value.regex).test(path);
  return isPath && conditions.every((condition) => isHeaderFit(condition, headers));
}

type Headers = Readonly<Record<string, string>>;

function isHeaderFit(matcher: HeaderMatcher, headers: Headers): boolean {
  const { name, headerMatchSpecifier: specifier, invertMatch } = matcher;
  if (specifier.case !== 'stringMatch') throw new Error(`a match ${specifier.case} of header ${name}`);
  const value = headers[name];
  // As Envoy has it, a header that isn't there fits nothing, inverted or not.
  return value !== undefined && isTextFit(specifier.value, value) !== invertMatch;
}

function isTextFit({ matchPattern: pattern }: StringMatcher, value: string): boolean {
  if (pattern.case === 'exact') return pattern.value === value;
  if (pattern.case === 'prefix') return value.startsWith(pattern.value);
  if (pattern.case === 'safeRegex') return regExp(pattern.value.regex).test(value);
  throw new Error(`a match ${pattern.case}`);
}

/** RE2, as far as the mesh itself writes it. */
function regExp(regex: string): RegExp {
  const isCaseless = regex.startsWith('(?i)');
  const body = regex.slice(isCaseless ? 4 : 0).replaceAll(String.raw`\C`, '[^]');
  return new RegExp(`^(?:${body})$`, isCaseless ? 'i' : '');
}

/** The filter denies by itself; RBACPerRoute without `rbac` would switch it off. */
function isGuardPassed(guard: Any | undefined, headers: Headers): boolean {
  if (guard === undefined) return false;
  const { rbac } = unpacked(guard, RBACPerRouteSchema);
  if (rbac?.rules === undefined) return true;
  return Object.values(rbac.rules.policies).some(({ permissions, principals }) => {
    if (principals.some(({ identifier }) => identifier.case !== 'any')) throw new Error('a principal');
    return permissions.some((permission) => isPermitted(permission, headers));
  });
}

function isPermitted({ rule }: Permission, headers: Headers): boolean {
  switch (rule.case) {
    case 'any':
      return rule.value;
    case 'andRules':
      return rule.value.rules.every((each) => isPermitted(each, headers));
    case 'orRules':
      return rule.value.rules.some((each) => isPermitted(each, headers));
    case 'notRule':
      return !isPermitted(rule.value, headers);
    case 'header':
      return isHeaderFit(rule.value, headers);
    case 'urlPath': {
      const path = (headers[':path'] ?? '').split('?')[0] ?? '';
      if (rule.value.rule.case !== 'path') throw new Error('a path without a match');
      return isTextFit(rule.value.rule.value, path);
    }
    default:
      throw new Error(`a permission ${rule.case}`);
  }
}

function unpacked<D extends Parameters<typeof anyUnpack>[1]>(value: Any | undefined, schema: D) {
  const message = value === undefined ? undefined : anyUnpack(value, schema);
  if (message === undefined) throw new Error(`no ${JSON.stringify(value?.typeUrl)}`);
  return message;
}
