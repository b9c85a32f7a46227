// How things stand between a mesh and its cluster's DNS, for whoever asks a replica: the API, `maesh check`.

/** A place where it is said who answers the mesh's names, as it is now. */
export interface PlaceStatus {
  /** Who reads it: `CoreDNS 1.11.3 (Deployment kube-system/coredns)`. */
  readonly title: string;
  /** What holds it: `ConfigMap kube-system/coredns`. */
  readonly object: string;
  /** Whether the mesh's names are there as they should be. */
  readonly isRight: boolean;
  /** Why they are not, where only somebody's act can help: a sentence without a full stop. */
  readonly trouble?: string;
  /** What to do about that. */
  readonly advice?: string;
}

/**
 * How things stand:
 * - `off`: DNS is not kept (`--keepDNS=false`);
 * - `looking`: it is not known yet what DNS the cluster has;
 * - `unknown`: it has none of a kind that is known here, and has to be told of the mesh by hand: see `byHand`;
 * - `known`: it is configured in these places.
 */
export type DnsStatus =
  | { readonly state: 'off' }
  | { readonly state: 'looking'; readonly trouble?: string }
  | { readonly state: 'unknown'; readonly trouble: string; readonly byHand: string }
  | { readonly state: 'known'; readonly places: readonly PlaceStatus[] };
