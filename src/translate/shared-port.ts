// Mesh ports that several services share, as those of HTTP services did in the original: a request on one is told apart
// by its Host. That Host is made part of what virtual hosts are found by, so that it costs a look-up in Envoy's own
// table, however many services share the port, and leads to the same routes as the service's own mesh port.

import { create } from '@bufbuild/protobuf';

import { type VirtualHost, VirtualHostSchema } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { LuaPerRouteSchema, LuaSchema } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { Service, SharedPort } from '../model/topology.ts';
import { internalHeaders, meshDomains } from './names.ts';
import { any } from './pack.ts';

const filterName = 'envoy.filters.http.lua';

/**
 * The filter that virtual hosts of shared ports need in their listener. Where no port is shared it isn't even made for a
 * request, so that a listener can have it from the beginning.
 */
export const sharedPortFilter: HttpFilter = create(HttpFilterSchema, {
  name: filterName,
  disabled: true,
  configType: { case: 'typedConfig', value: any(LuaSchema, {}) },
});

/**
 * Puts the Host, in lower case and without port and trailing dot, behind the mesh port; the change of headers makes Envoy
 * choose the virtual host again. A client's own header can't get in between, since it has been overwritten before.
 */
const withHost = `
local headers = handle:headers()
local host = (headers:get(":authority") or ""):lower():gsub(":%d+$", ""):gsub("%.$", "")
headers:replace("${internalHeaders.port}", headers:get("${internalHeaders.port}") .. "/" .. host)
`;

/** Ends the connection with the answer (`connection: close`, GOAWAY): the next call goes to the service's own port. */
const thenClose = 'handle:streamInfo():drainConnectionUponCompletion()\n';

/** Makes the virtual host of a shared port, which leads on to those whose domains are {@link sharedDomains}. */
export function sharedVirtualHost({ port, isLeft }: SharedPort): VirtualHost {
  const code = `function envoy_on_request(handle)${withHost}${isLeft ? thenClose : ''}end\n`;
  const script = any(LuaPerRouteSchema, {
    override: { case: 'sourceCode', value: { specifier: { case: 'inlineString', value: code } } },
  });
  return create(VirtualHostSchema, {
    name: `shared/${port}`,
    domains: [String(port)],
    // Without a route there would be no configuration for the filter. It is never answered: the filter leads away from it.
    routes: [
      {
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        action: { case: 'directResponse', value: { status: 404 } },
      },
    ],
    typedPerFilterConfig: { [filterName]: script },
  });
}

/** What virtual hosts of a service are found by on a shared port: each of its names behind the number of the port. */
export function sharedDomains(
  { name, namespace }: Pick<Service, 'name' | 'namespace'>,
  port: number,
  more: readonly string[] = [],
): string[] {
  // What an original left is called by its own domains, whatever the mesh's are by now.
  const domains = new Set([...meshDomains, ...more]);
  return Array.from(domains, (domain) => `${port}/${name}.${namespace}.${domain}`);
}
