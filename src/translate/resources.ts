// What proxies are told, encoded once: the joint between translation and the xDS server.

import type { ServiceKey } from '../model/key.ts';
import type { ServedPort } from './names.ts';

/** Type URLs of the xDS resources that Maesh serves. */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  /** Configurations of filters that come apart from their listeners. */
  extensions: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  scopedRoutes: 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration',
} as const;

export type TypeUrl = (typeof typeUrls)[keyof typeof typeUrls];

/** One xDS resource, encoded. Immutable; the same bytes go to every proxy. */
export interface Resource {
  readonly name: string;
  readonly typeUrl: TypeUrl;
  /**
   * Hash of the bytes: equal content has an equal version in every replica and after every restart. That of endpoints whose
   * access is controlled says of which kinds they are, too (access/endpoint-kinds.ts).
   */
  readonly version: string;
  /** The encoded message itself (the value of the Any, without its type URL). */
  readonly bytes: Uint8Array;
  /** Services that it was made of, for messages about it; empty where it belongs to no service. */
  readonly services: readonly ServiceKey[];
  /** What endpoints whose access is controlled were made of. */
  readonly port?: ServedPort;
}

/**
 * Every resource of one topology, by type and name. Names are sorted within a type. Immutable; the map of a type in
 * which nothing changed keeps its reference from one translation to the next, and so does every unchanged resource.
 */
export type Resources = Readonly<Record<TypeUrl, ReadonlyMap<string, Resource>>>;
