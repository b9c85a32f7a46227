// What the controller has to be allowed: every call that it makes, with its reason.

import { events } from '../apply/found-events.ts';
import { proxyPods } from '../apply/original-proxies.ts';
import { services } from '../apply/shadow-calls.ts';
import type { Deed } from '../kube/access-review.ts';
import { leases } from '../kube/lease-record.ts';
import type { ResourceType, Verb } from '../kube/resource-type.ts';
import type { Kind } from '../model/objects.ts';
import { followed } from '../source/kubernetes/kubernetes-source.ts';
import { kindsWithStatus } from '../source/kubernetes/with-identity.ts';
import { kindParsers } from '../source/parse/kinds.ts';

/** Something that somebody has to be allowed. */
export interface Need extends Omit<Deed, 'verb'> {
  readonly verbs: readonly Verb[];
  /** A phrase that goes on from what it is: `to see …`. */
  readonly why: string;
}

/** Which mesh it is that the controller needs it for. */
export interface NeedsOptions {
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** Namespaces whose services are in the mesh; undefined: all. */
  readonly watched: readonly string[] | undefined;
  /** Kinds of the Service Mesh Interface that the cluster has. */
  readonly kinds: readonly SmiKind[];
}

/** A kind of the Service Mesh Interface that is served. */
export interface SmiKind {
  readonly kind: Kind;
  readonly hasStatus: boolean;
}

/** All of it but what DNS takes, which differs from cluster to cluster. What concerns the mesh's own namespace comes first. */
export function controllerNeeds({ namespace, watched, kinds }: NeedsOptions): readonly Need[] {
  const namespaces: readonly (string | undefined)[] = watched ?? [undefined];
  return [
    need(services, { namespace, why: 'to give each service its name' }),
    need(leases, { namespace, why: 'to agree with other replicas on the one that writes' }),
    need(proxyPods, { namespace, why: "to know the proxies, and to end the original's" }),
    ...namespaces.flatMap((each) => needsIn(each, kinds)),
  ];
}

const followVerbs: readonly Verb[] = ['list', 'watch'];
const smiKinds: ReadonlySet<Kind> = new Set(kindsWithStatus);

function needsIn(namespace: string | undefined, kinds: readonly SmiKind[]): readonly Need[] {
  const isThere = (kind: Kind): boolean => !smiKinds.has(kind) || kinds.some((each) => each.kind === kind);
  const withStatus = kinds.filter(({ hasStatus }) => hasStatus).map(({ kind }) => typeOf(kind));
  return [
    ...followed
      .filter(isThere)
      .map((kind) => need(typeOf(kind), { namespace, verbs: followVerbs, why: 'to know what the mesh is' })),
    need(events, { namespace, why: 'to say of each object what is wrong with it' }),
    ...withStatus.flatMap((type): readonly Need[] => [
      need(type, { namespace, verbs: ['get'], why: 'to write its status' }),
      {
        ...need(type, { namespace, verbs: ['patch'], why: 'to say there what is wrong with it' }),
        subresource: 'status',
      },
    ]),
  ];
}

function need(
  { group, plural, verbs: all = [] }: Pick<ResourceType, 'group' | 'plural' | 'verbs'>,
  given: { readonly namespace: string | undefined; readonly verbs?: readonly Verb[]; readonly why: string },
): Need {
  const { namespace, verbs = all, why } = given;
  return { group, plural, namespace, verbs, why };
}

function typeOf(kind: Kind): Pick<ResourceType, 'group' | 'plural'> {
  const { group, plural } = kindParsers[kind];
  return { group, plural };
}
