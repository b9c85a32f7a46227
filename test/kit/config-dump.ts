// What an Envoy holds, from its own config dump, compared with what it was told: the two must be equal once everything
// is acknowledged, whatever happened before.

import { hash } from 'node:crypto';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { resourceToJson } from '../../src/translate/inspect.ts';
import { registry } from '../../src/translate/registry.ts';
import { typeUrls, type Resources } from '../../src/translate/resources.ts';

/** Resources of each type by name, each with a text that is equal for equal content. */
export type Holdings = Readonly<Record<keyof typeof typeUrls, ReadonlyMap<string, string>>>;

/** What proxies are told: versions, and where the dump has none of its own, the content. */
export function told(resources: Resources): Holdings {
  const versions = (type: keyof typeof typeUrls): ReadonlyMap<string, string> =>
    new Map([...resources[typeUrls[type]]].map(([name, { version }]) => [name, version]));
  const contents = (
    type: keyof typeof typeUrls,
    textOf: (json: object) => string,
  ): ReadonlyMap<string, string> =>
    new Map(
      [...resources[typeUrls[type]]].map(([name, resource]) => [name, textOf(resourceToJson(resource))]),
    );
  return {
    cluster: versions('cluster'),
    endpoints: contents('endpoints', assignmentText),
    listener: contents('listener', encodedText),
    routes: versions('routes'),
    scopedRoutes: contents('scopedRoutes', scopeText),
    extensions: versions('extensions'),
  };
}

/** What an Envoy holds, from the answer to `/config_dump?include_eds`. Listeners that only drain don't count. */
export function held(dump: unknown): Holdings {
  const sections = (dump as ConfigDump).configs;
  const all = <T>(pick: (section: Section) => readonly T[] | undefined): readonly T[] =>
    sections.flatMap((section) => pick(section) ?? []);
  return {
    cluster: new Map(
      [
        ...all((section) => section.dynamic_active_clusters),
        ...all((section) => section.dynamic_warming_clusters),
      ].map((one) => [one.cluster.name, one.version_info]),
    ),
    endpoints: new Map(
      all((section) => section.dynamic_endpoint_configs).map(({ endpoint_config: one }) => [
        one.cluster_name,
        assignmentText(one),
      ]),
    ),
    listener: new Map(
      all((section) => section.dynamic_listeners).flatMap(({ name, active_state: state }) =>
        state === undefined ? [] : [[name, encodedText(state.listener)]],
      ),
    ),
    routes: new Map(
      all((section) => section.dynamic_route_configs).map(({ route_config: one, version_info: version }) => [
        one.name,
        version,
      ]),
    ),
    scopedRoutes: new Map(
      all((section) => section.dynamic_scoped_route_configs)
        .flatMap(({ scoped_route_configs: scopes = [] }) => scopes)
        .map((scope) => [scope.name, scopeText(scope)]),
    ),
    extensions: new Map(
      all((section) => section.ecds_filters).map(({ ecds_filter: one, version_info: version }) => [
        one.name,
        version,
      ]),
    ),
  };
}

/** How two holdings differ, one line a resource; empty where they are equal. */
export function differences(wanted: Holdings, actual: Holdings): readonly string[] {
  return (Object.keys(typeUrls) as (keyof typeof typeUrls)[]).flatMap((type) => {
    const names = new Set([...wanted[type].keys(), ...actual[type].keys()]);
    return [...names].toSorted().flatMap((name) => {
      const told = wanted[type].get(name);
      const has = actual[type].get(name);
      if (told === has) return [];
      if (has === undefined) return [`${type} ${name} is not there`];
      return [
        told === undefined ? `${type} ${name} should be gone` : `${type} ${name} is ${has}, not ${told}`,
      ];
    });
  });
}

interface ConfigDump {
  readonly configs: readonly Section[];
}

interface Section {
  readonly dynamic_active_clusters?: readonly VersionedCluster[];
  readonly dynamic_warming_clusters?: readonly VersionedCluster[];
  readonly dynamic_endpoint_configs?: ReadonlyArray<{ readonly endpoint_config: Assignment }>;
  readonly dynamic_listeners?: ReadonlyArray<{
    readonly name: string;
    readonly active_state?: { readonly listener: object };
  }>;
  readonly dynamic_route_configs?: ReadonlyArray<{
    readonly version_info: string;
    readonly route_config: { readonly name: string };
  }>;
  readonly ecds_filters?: ReadonlyArray<{
    readonly version_info: string;
    readonly ecds_filter: { readonly name: string };
  }>;
  readonly dynamic_scoped_route_configs?: ReadonlyArray<{ readonly scoped_route_configs?: readonly Scope[] }>;
}

interface VersionedCluster {
  readonly version_info: string;
  readonly cluster: { readonly name: string };
}

interface Assignment {
  readonly cluster_name: string;
  readonly endpoints?: ReadonlyArray<{
    readonly lb_endpoints?: ReadonlyArray<{
      readonly endpoint: {
        readonly address: Address;
        readonly additional_addresses?: ReadonlyArray<{ readonly address: Address }>;
      };
    }>;
  }>;
}

interface Address {
  readonly socket_address: {
    readonly protocol?: string;
    readonly address: string;
    readonly port_value: number;
  };
}

interface Scope {
  readonly name: string;
  readonly route_configuration_name: string;
  readonly key: unknown;
}

/**
 * The encoded message. For listeners, whose version in the dump is that of the first one of its name: Envoy does not
 * note the new one where it changes filter chains in place.
 */
function encodedText(json: object): string {
  const { value } = fromJson(AnySchema, json as JsonValue, { registry });
  return hash('sha256', value, 'hex');
}

/** Addresses of an assignment, in order: the dump fills in defaults that we don't send. */
function assignmentText(json: object): string {
  const { endpoints = [] } = json as Assignment;
  return endpoints
    .flatMap(({ lb_endpoints: lbEndpoints = [] }) => lbEndpoints)
    .map(({ endpoint: { address, additional_addresses: more = [] } }) =>
      [address, ...more.map((other) => other.address)].map(addressText).join('+'),
    )
    .join(' ');
}

function addressText({ socket_address: { address, port_value: port } }: Address): string {
  return `${address} ${port}`;
}

function scopeText(json: object): string {
  const { route_configuration_name: routes, key } = json as Scope;
  return JSON.stringify({ routes, key });
}
