// The circuit breaker as a filter: one script for all service ports, which finds in the route's configuration for whom
// it works. So the script's memory of a service port outlives any change of routes.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import {
  HeaderValueOption_HeaderAppendAction,
  type HeaderValueOption,
  HeaderValueOptionSchema,
} from '../gen/envoy/config/core/v3/base_pb.ts';
import { LuaPerRouteSchema, LuaSchema } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { BreakerCondition, Measure, Operator } from '../model/breaker-condition.ts';
import type { PortKey } from '../model/key.ts';
import { breakerCode, contextKeys } from './circuit-breaker-lua.ts';
import { internalHeaders } from './names.ts';
import { any } from './pack.ts';

/** Under which name routes configure the filter. */
export const breakerName = 'maesh.circuit_breaker';

const script = 'breaker';

/** The filter. No Lua runs but where a route has a configuration. */
export const breakerFilter: HttpFilter = create(HttpFilterSchema, {
  name: breakerName,
  configType: {
    case: 'typedConfig',
    value: any(LuaSchema, {
      sourceCodes: {
        [script]: { specifier: { case: 'inlineString', value: breakerCode() } },
      },
    }),
  },
});

/** The configuration of a route that leads to a service port. It needs {@link breakerHeader} on its answers. */
export function breaker(port: PortKey, condition: BreakerCondition): Any {
  return any(LuaPerRouteSchema, {
    override: { case: 'name', value: script },
    filterContext: { [contextKeys.port]: port, [contextKeys.condition]: luaCondition(condition) },
  });
}

/** Tells the script which answers are the proxy's own, and why; it takes the header away again. */
export const breakerHeader: HeaderValueOption = create(HeaderValueOptionSchema, {
  header: { key: internalHeaders.flags, value: '%RESPONSE_FLAGS%' },
  appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
});

/** Writes a condition as an expression of Lua, of nothing but numbers, operators and three functions. */
export function luaCondition(condition: BreakerCondition): string {
  if (condition.kind === 'comparison') {
    const { measure, operator, value } = condition;
    return `${luaMeasure(measure)} ${luaOperators[operator]} ${value}`;
  }
  return condition.of
    .map((part) => `(${luaCondition(part)})`)
    .join(condition.kind === 'all' ? ' and ' : ' or ');
}

const luaOperators: Readonly<Record<Operator, string>> = {
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '==': '==',
  '!=': '~=',
};

function luaMeasure(measure: Measure): string {
  if (measure.kind === 'network-errors') return 'network()';
  if (measure.kind === 'latency') return `latency(${measure.quantile})`;
  return `codes(${measure.from}, ${measure.to}, ${measure.dividedByFrom}, ${measure.dividedByTo})`;
}
