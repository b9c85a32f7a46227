// Which kinds of which API versions are read, by which function. Any other kind is left alone.

import type { Kind } from '../../model/objects.ts';
import { parseEndpointSlice } from './endpoint-slice.ts';
import { parseEndpoints } from './endpoints.ts';
import { parseHttpRouteGroup } from './http-route-group.ts';
import { parseNamespace } from './namespace.ts';
import type { Parsed } from './parsed.ts';
import { parsePod } from './pod.ts';
import { parseServiceAccount } from './service-account.ts';
import { parseService } from './service.ts';
import { parseTcpRoute, parseUdpRoute } from './port-route.ts';
import { parseTrafficSplit } from './traffic-split.ts';
import { parseTrafficTarget } from './traffic-target.ts';

/** How a kind is known and read. */
export interface KindParser {
  readonly kind: Kind;
  /** API group; empty for the core group, whose versions stand alone (`v1`). */
  readonly group: string;
  /** Versions that are read, the newest first. */
  readonly versions: readonly [string, ...string[]];
  /** Name of the kind in paths and permissions. */
  readonly plural: string;
  readonly parse: (value: unknown) => Parsed;
}

const core = { group: '', versions: ['v1'] } as const;
const specs = {
  group: 'specs.smi-spec.io',
  versions: ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'],
} as const;

/** Every kind that the mesh reads. */
export const kindParsers: Readonly<Record<Kind, KindParser>> = {
  Service: { kind: 'Service', ...core, plural: 'services', parse: parseService },
  EndpointSlice: {
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    versions: ['v1'],
    plural: 'endpointslices',
    parse: parseEndpointSlice,
  },
  Endpoints: { kind: 'Endpoints', ...core, plural: 'endpoints', parse: parseEndpoints },
  Pod: { kind: 'Pod', ...core, plural: 'pods', parse: parsePod },
  Namespace: { kind: 'Namespace', ...core, plural: 'namespaces', parse: parseNamespace },
  ServiceAccount: { kind: 'ServiceAccount', ...core, plural: 'serviceaccounts', parse: parseServiceAccount },
  TrafficSplit: {
    kind: 'TrafficSplit',
    group: 'split.smi-spec.io',
    versions: ['v1alpha4', 'v1alpha3', 'v1alpha2'],
    plural: 'trafficsplits',
    parse: parseTrafficSplit,
  },
  TrafficTarget: {
    kind: 'TrafficTarget',
    group: 'access.smi-spec.io',
    versions: ['v1alpha3', 'v1alpha2', 'v1alpha1'],
    plural: 'traffictargets',
    parse: parseTrafficTarget,
  },
  HTTPRouteGroup: { kind: 'HTTPRouteGroup', ...specs, plural: 'httproutegroups', parse: parseHttpRouteGroup },
  TCPRoute: { kind: 'TCPRoute', ...specs, plural: 'tcproutes', parse: parseTcpRoute },
  UDPRoute: {
    kind: 'UDPRoute',
    group: specs.group,
    versions: ['v1alpha4'],
    plural: 'udproutes',
    parse: parseUdpRoute,
  },
};
