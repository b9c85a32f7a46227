// Reads the Host of a request to the port that serves every service: a filter in Lua, because nothing else in Envoy
// can take a name apart without regard to case.

import { create } from '@bufbuild/protobuf';

import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { LuaSchema } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { internalHeaders, meshDomains } from './names.ts';
import { any } from './pack.ts';

/** `shop.store.maesh` → patterns of Lua that take service and namespace out of it. */
const patterns = meshDomains.map((domain) => `"^([^.]+)%.([^.]+)%.${domain.replaceAll('.', '%.')}$"`);

const code = `
local patterns = { ${patterns.join(', ')} }

function envoy_on_request(handle)
  local headers = handle:headers()
  local host = (headers:get(":authority") or ""):lower()
  local port = host:match(":%d+$") or ""
  host = host:sub(1, #host - #port):gsub("%.$", "")
  for _, pattern in ipairs(patterns) do
    local service, namespace = host:match(pattern)
    if service then
      headers:replace("${internalHeaders.host}", service .. port)
      headers:replace("${internalHeaders.namespace}", namespace)
      return
    end
  end
end
`;

/**
 * The filter: writes the namespace of the Host into one internal header, and `service` or `service:port` into another,
 * in lower case, without a trailing dot. Writes nothing where the Host is no name of the mesh. The change of headers makes Envoy choose the route again.
 */
export const hostFilter: HttpFilter = create(HttpFilterSchema, {
  name: 'envoy.filters.http.lua',
  configType: {
    case: 'typedConfig',
    value: any(LuaSchema, { defaultSourceCode: { specifier: { case: 'inlineString', value: code } } }),
  },
});
