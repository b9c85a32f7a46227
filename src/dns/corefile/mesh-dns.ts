// What the cluster's DNS is to know of the mesh.

/** What the names of a mesh stand for. All are in lower case and without a dot at the end. */
export interface MeshDns {
  /** Namespace of the mesh's shadow Services. */
  readonly namespace: string;
  /** Such as `cluster.local`. */
  readonly clusterDomain: string;
  /** Domains below which `<service>.<namespace>` is a service of the mesh, such as `maesh` and `traefik.mesh`. */
  readonly domains: readonly string[];
  /** Shadow Services whose names are shortened, by `<service>.<namespace>`: nothing computes those from the mesh name. */
  readonly longNames: ReadonlyMap<string, string>;
}

/** A configuration with the mesh in it, or why there is none. */
export type Patch<T> =
  | { readonly kind: 'patched'; readonly result: T }
  | {
      readonly kind: 'refused';
      /** Why the mesh can't be put in, one sentence without a full stop. */
      readonly reason: string;
      /** A server block for somebody to put in by hand, for a CoreDNS that listens on port 53, also of loopback. */
      readonly byHand: string;
    };
