// What HTTP mesh ports answer that are no service's. A caller that kept its connection since a service had the port must
// not come to talk by it to whoever gets the port next, so the answer ends the connection.

import { create } from '@bufbuild/protobuf';

import { type VirtualHost, VirtualHostSchema } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { LuaPerRouteSchema, LuaSchema } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { noServiceText } from './local-replies.ts';
import { any } from './pack.ts';

const filterName = 'maesh.no_service';
const script = 'close';

/** `connection: close`, or GOAWAY: Envoy drops the header where a route or a local reply sets it. */
const code = `function envoy_on_request(handle)
  handle:streamInfo():drainConnectionUponCompletion()
end
`;

/** The filter that {@link noServiceHost} needs in its listener; it is made for requests to that alone. */
export const noServiceFilter: HttpFilter = create(HttpFilterSchema, {
  name: filterName,
  disabled: true,
  configType: {
    case: 'typedConfig',
    // Here and not in the routes, which are made anew with every change of a service.
    value: any(LuaSchema, {
      sourceCodes: { [script]: { specifier: { case: 'inlineString', value: code } } },
    }),
  },
});

/** The virtual host of the mesh ports of a block that no other virtual host has. */
export const noServiceHost: VirtualHost = create(VirtualHostSchema, {
  name: 'none',
  domains: ['*'],
  routes: [
    {
      match: { pathSpecifier: { case: 'prefix', value: '/' } },
      action: {
        case: 'directResponse',
        value: { status: 404, body: { specifier: { case: 'inlineString', value: noServiceText } } },
      },
    },
  ],
  typedPerFilterConfig: {
    [filterName]: any(LuaPerRouteSchema, { override: { case: 'name', value: script } }),
  },
});
