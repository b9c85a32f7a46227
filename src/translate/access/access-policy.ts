// Who may call what, as Envoy's RBAC filter decides it: it denies, unless the configuration of a virtual host or a route
// allows the request.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import {
  type Permission,
  PermissionSchema,
  RBACSchema as RulesSchema,
} from '../../gen/envoy/config/rbac/v3/rbac_pb.ts';
import {
  type HeaderMatcher,
  type VirtualHost,
  VirtualHostSchema,
} from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { RBACPerRouteSchema, RBACSchema } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { AccessRule, HttpMatch } from '../../model/topology.ts';
import { internalHeaders } from '../names.ts';
import { any } from '../pack.ts';
import { noDotSegment } from './dot-segments.ts';
import { headerConditions, headerIs, pathPattern } from '../request-match.ts';

/** Under which name routes configure the filter. */
export const accessFilterName = 'envoy.filters.http.rbac';

/** The filter. Without a configuration of a route it lets nothing pass. */
export const accessFilter: HttpFilter = create(HttpFilterSchema, {
  name: accessFilterName,
  configType: { case: 'typedConfig', value: any(RBACSchema, { rules: {} }) },
});

/** What needs no guard: an answer of the proxy's own. */
const everything: Any = any(RBACPerRouteSchema, {});

/** The same virtual host for everybody. */
export function withoutGuard(host: VirtualHost): VirtualHost {
  return create(VirtualHostSchema, {
    ...host,
    typedPerFilterConfig: { ...host.typedPerFilterConfig, [accessFilterName]: everything },
  });
}

/** A request is allowed that some rule of each list allows; without a list, none is. */
export type RuleLists = readonly (readonly AccessRule[])[];

/** What allows nothing, whatever the virtual host around it says. */
const nothing: Any = any(RBACPerRouteSchema, { rbac: { rules: {} } });

/** Those of one list, for as long as somebody holds it: a block of ports is made anew when the rules of one change. */
const known = new WeakMap<RuleLists[number], Any>();

/** The configuration of a virtual host or a route. */
export function accessPolicy(lists: RuleLists): Any {
  const [only] = lists;
  if (only === undefined || lists.some((rules) => rules.length === 0)) return nothing;
  if (lists.length > 1) return policyOf(lists);
  const policy = known.get(only) ?? policyOf(lists);
  known.set(only, policy);
  return policy;
}

function policyOf(lists: RuleLists): Any {
  const permission = all(lists.map((rules) => some(rules.map(permissionOf))));
  return any(RBACPerRouteSchema, {
    rbac: {
      rules: create(RulesSchema, {
        policies: {
          mesh: { permissions: [permission], principals: [{ identifier: { case: 'any', value: true } }] },
        },
      }),
    },
  });
}

function permissionOf({ sources, matches }: AccessRule): Permission {
  const caller = some(sources.map((source) => header(headerIs(internalHeaders.caller, source))));
  return matches === undefined ? caller : all([caller, some(matches.map(requestOf))]);
}

/** One for all rules that refer to the same match. */
const requests = new WeakMap<HttpMatch, Permission>();

function requestOf(match: HttpMatch): Permission {
  const request = requests.get(match) ?? newRequest(match);
  requests.set(match, request);
  return request;
}

function newRequest({ methods, headers, pathRegex }: HttpMatch): Permission {
  return all([
    ...(methods.length === 0 ? [] : [some(methods.map((method) => header(headerIs(':method', method))))]),
    ...headerConditions({ methods: [], headers, pathRegex }).map(header),
    ...(pathRegex === '' ? [] : [pathBegins(pathRegex), header(noDotSegment)]),
  ]);
}

/**
 * Of the path alone, without the query. What is no more than text, with or without `.*` behind it, is compared as that: proxies
 * compile nothing then.
 */
function pathBegins(regex: string): Permission {
  const text = /^(\/[\w/-]*)(?:\.\*)?$/u.exec(regex)?.[1];
  const matchPattern =
    text === undefined
      ? { case: 'safeRegex' as const, value: { regex: pathPattern(regex) } }
      : { case: 'prefix' as const, value: text };
  return create(PermissionSchema, {
    rule: { case: 'urlPath', value: { rule: { case: 'path', value: { matchPattern } } } },
  });
}

function header(value: HeaderMatcher): Permission {
  return create(PermissionSchema, { rule: { case: 'header', value } });
}

/** Whatever there is, where there is no condition. */
function all(permissions: readonly Permission[]): Permission {
  if (permissions.length === 0) return create(PermissionSchema, { rule: { case: 'any', value: true } });
  return together('andRules', permissions);
}

/** At least one. */
function some(permissions: readonly Permission[]): Permission {
  return together('orRules', permissions);
}

function together(how: 'andRules' | 'orRules', permissions: readonly Permission[]): Permission {
  const [only] = permissions;
  if (only !== undefined && permissions.length === 1) return only;
  return create(PermissionSchema, { rule: { case: how, value: { rules: [...permissions] } } });
}
