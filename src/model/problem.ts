// A user's mistake, as data. A problem is attached to the object it concerns and shown wherever users look
// (`maesh check`, the log, the API, metrics, Events, later the dashboard); it is never thrown.

import { byText } from './key.ts';
import type { KubeObject } from './objects.ts';
import type { ProblemCode } from './problem-codes.ts';

/** Where an object was read: a file, and the line on which its document begins (1-based), if known. */
export interface Origin {
  readonly file: string;
  readonly line?: number;
}

/** What a problem is about: an object, or only a file where no object could be made out. */
export interface Subject {
  /** Kubernetes kind, such as `Service`; `File` where no object could be made out. */
  readonly kind: string;
  /** Empty for cluster-wide objects and files. */
  readonly namespace: string;
  /** Name of the object, or the path of the file. */
  readonly name: string;
  /** Tells an object of an API server from those that had its name before; absent elsewhere. */
  readonly uid?: string;
  /** `metadata.generation` of the object that was read; see KubeObject. */
  readonly generation?: number;
  readonly origin?: Origin;
}

/** A user's mistake: what is wrong, why, and what to do. */
export interface Problem {
  /** `MAESH_<AREA>_<WHAT>`: stable, for scripts and documentation. Every code stands in docs/problems.md. */
  readonly code: ProblemCode;
  readonly subject: Subject;
  /** What is wrong and why, one sentence without a full stop, naming the value at fault. */
  readonly message: string;
  /** What the user can do about it, and what the mesh does meanwhile where that is not plain. */
  readonly advice: string;
}

/** The subject of a problem of an object. */
export function objectSubject(
  object: Pick<KubeObject, 'kind' | 'namespace' | 'name' | 'uid' | 'generation' | 'origin'>,
): Subject {
  const { kind, namespace, name, uid, generation, origin } = object;
  return {
    kind,
    namespace,
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** `Service store/shop`, `Namespace store`, `File mesh/shop.yaml`: how people and logs name a subject. */
export function subjectName(subject: Subject): string {
  return `${subject.kind} ${subject.namespace === '' ? '' : `${subject.namespace}/`}${subject.name}`;
}

/** Orders problems by subject, then code, then message, so that every list of problems reads the same. */
export function byProblem(a: Problem, b: Problem): number {
  return (
    byText(subjectName(a.subject), subjectName(b.subject)) ||
    byText(a.code, b.code) ||
    byText(a.message, b.message)
  );
}
