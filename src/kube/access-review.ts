// Whether somebody may do something, asked of the API server: it decides as it does of a real call.

import { isRecord } from './api-object.ts';
import type { KubeClient } from './client.ts';
import { failure } from './kube-error.ts';
import type { ResourceType, Verb } from './resource-type.ts';
import type { CallOptions } from './transport.ts';

/** What somebody wants to do. */
export interface Deed {
  readonly verb: Verb;
  /** Empty for the core group. */
  readonly group: string;
  readonly plural: string;
  readonly subresource?: string;
  /** Absent for all namespaces. */
  readonly namespace?: string | undefined;
}

/** A user, as the API server knows it. */
export interface User {
  readonly user: string;
  readonly groups: readonly string[];
}

/** The user that a service account is. */
export function accountUser(account: { readonly namespace: string; readonly name: string }): User {
  const { namespace, name } = account;
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

const reviews = (plural: string): ResourceType => ({ group: 'authorization.k8s.io', version: 'v1', plural });
const ownReviews = reviews('selfsubjectaccessreviews');

/** Reviews of others, for which one needs the permission `create`. */
export const othersReviews: ResourceType = reviews('subjectaccessreviews');

/** Whether a user, or whoever asks where none is given, may do it. Rejects with KubeError where one may not even ask. */
export async function isAllowed(
  client: KubeClient,
  { verb, group, plural, subresource = '', namespace = '' }: Deed,
  { user, ...options }: CallOptions & { readonly user?: User } = {},
): Promise<boolean> {
  const resourceAttributes = { verb, group, resource: plural, subresource, namespace };
  const type = user === undefined ? ownReviews : othersReviews;
  const kind = user === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes, ...user } };
  const answer = await client.review(type, body, options);
  const status = isRecord(answer) ? answer['status'] : undefined;
  if (isRecord(status) && typeof status['allowed'] === 'boolean') return status['allowed'];
  throw failure(
    { verb: 'create', target: { type } },
    { reason: 'Malformed', why: 'the answer is no review' },
  );
}
