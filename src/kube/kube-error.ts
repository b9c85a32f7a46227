// What can go wrong between Maesh and an API server, as one class: what was asked, what came back, and what to do.

import { isRecord } from './api-object.ts';
import { resourceName, type Target, type Verb } from './resource-type.ts';

/** What a call is about, for messages: objects, or a document by its path. */
export type Subject =
  | { readonly verb: Verb; readonly target: Target }
  | { readonly verb: 'get'; readonly path: string };

/** Where Kubernetes says that a namespace is being deleted (k8s.io/api/core/v1, `NamespaceTerminatingCause`). */
const namespaceTerminating = 'NamespaceTerminating';

/** What is known of a failure. */
export interface KubeFailure {
  /** The server's HTTP status; 0 where none came. */
  readonly status: number;
  /**
   * The server's own word (`NotFound`, `Conflict`, `Expired` …), or ours where it gave none: `Unreachable` without a
   * connection, `Cut` with one that broke, `Timeout`, `Silent` for a watch on which nothing comes any more,
   * `Malformed` for what can't be understood, `NoCredentials` where there are none to send.
   */
  readonly reason: string;
  /** How long the server asks to be left alone; 0 where it doesn't. */
  readonly retryAfterSeconds: number;
  /** The server's words for why, besides its reason: `NamespaceTerminating`, say. None by default. */
  readonly causes?: readonly string[];
  readonly subject: Subject;
}

/** A call that failed. Its message is a sentence without a full stop; it holds nothing of the request's headers. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number;
  readonly verb: Verb;
  /** `endpointslices.discovery.k8s.io`, or the path of a document. */
  readonly resource: string;
  /** Whether nothing can be made in a namespace, since it is being deleted. */
  readonly isNamespaceTerminating: boolean;

  constructor(message: string, details: KubeFailure, options?: ErrorOptions) {
    super(message, options);
    const { status, reason, retryAfterSeconds, causes = [], subject } = details;
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
    this.verb = subject.verb;
    this.resource = 'target' in subject ? resourceName(subject.target.type) : subject.path;
    this.isNamespaceTerminating = causes.includes(namespaceTerminating);
  }

  /** Whether what was asked for is gone: the version to go on from, or the rest of a list. */
  get isExpired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  /** Whether what was asked for may have been done all the same: no answer came, or none that says so. */
  get mayBeDone(): boolean {
    return this.status < 400 || this.status >= 500;
  }
}

/** Makes the error of a call that got no answer, or none that could be understood. */
export function failure(
  subject: Subject,
  {
    reason,
    why,
    status = 0,
    cause,
  }: {
    readonly reason: string;
    readonly why: string;
    readonly status?: number | undefined;
    readonly cause?: unknown;
  },
): KubeError {
  return new KubeError(
    `Cannot ${described(subject)}: ${why}`,
    { status, reason, retryAfterSeconds: 0, subject },
    cause === undefined ? undefined : { cause },
  );
}

/** What the server says when it refuses. */
export interface Refusal {
  readonly status: number;
  /** The body, as JSON: mostly a `Status` of Kubernetes. */
  readonly body: unknown;
  /** The header of that name. */
  readonly retryAfter?: string | undefined;
}

/** Makes the error of an answer that is not a success. */
export function refusal(subject: Subject, { status, body, retryAfter }: Refusal): KubeError {
  const { reason, message, details } = isRecord(body) ? body : {};
  const word = typeof reason === 'string' && reason !== '' ? reason : wordFor(status);
  const said = typeof message === 'string' && message !== '' ? message : word;
  const { retryAfterSeconds: inBody, causes: given } = isRecord(details) ? details : {};
  const causes = wordsOf(given);
  const isPermission = status === 403 && !causes.includes(namespaceTerminating);
  const why = isPermission ? notAllowed(subject, said) : explained(status, said);
  return new KubeError(`Cannot ${described(subject)}: ${why}`, {
    status,
    reason: word,
    retryAfterSeconds: Math.max(0, Number(retryAfter ?? inBody ?? 0) || 0),
    causes,
    subject,
  });
}

/** The reasons of a Status' `details.causes`. */
function wordsOf(causes: unknown): readonly string[] {
  if (!Array.isArray(causes)) return [];
  return causes.filter(isRecord).flatMap(({ reason }) => (typeof reason === 'string' ? [reason] : []));
}

/** `list endpointslices.discovery.k8s.io in all namespaces`, `get leases.coordination.k8s.io maesh/controller`. */
function described(subject: Subject): string {
  if (!('target' in subject)) return `${subject.verb} ${subject.path}`;
  const { type, namespace, name, subresource } = subject.target;
  const what = subresource === undefined ? resourceName(type) : `${resourceName(type)}/${subresource}`;
  if (name === undefined) {
    return `${subject.verb} ${what} in ${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`}`;
  }
  return `${subject.verb} ${what} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function explained(status: number, said: string): string {
  if (status !== 401) return `${said} (HTTP ${status})`;
  return (
    'the API server does not accept the credentials. ' +
    'Look whether the token, the certificate or the credential plugin in use is still good'
  );
}

function notAllowed(subject: Subject, said: string): string {
  return `not allowed. ${advice(subject)}. The API server says: ${said}`;
}

/** What to grant, as a rule that can be copied into a Role. */
function advice(subject: Subject): string {
  if (!('target' in subject)) return `Let Maesh's account get ${subject.path} (nonResourceURLs)`;
  const { type, namespace, subresource } = subject.target;
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const role =
    namespace === undefined ? 'a ClusterRole' : `a ClusterRole or a Role of namespace ${namespace},`;
  const verbs = new Set([...(subresource === undefined ? (type.verbs ?? []) : []), subject.verb]);
  const rule = `{apiGroups: ["${type.group}"], resources: ["${resource}"], verbs: ["${[...verbs].join('", "')}"]}`;
  return `Grant it by a rule ${rule} in ${role} bound to Maesh's account`;
}

function wordFor(status: number): string {
  const words: Readonly<Record<number, string>> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Expired',
    429: 'TooManyRequests',
    504: 'Timeout',
  };
  return words[status] ?? (status >= 500 ? 'InternalError' : 'Unknown');
}

/** Whether it goes on until somebody mends it: credentials, a permission or the namespace lack. */
export function needsSomebody({ status }: KubeError): boolean {
  return status === 401 || status === 403 || status === 404;
}
