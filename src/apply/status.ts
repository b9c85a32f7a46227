// What a problem is in the status of its object: the condition `Accepted`, in the form of metav1.Condition
// (k8s.io/apimachinery, pkg/apis/meta/v1). It is there for as long as something is wrong with the object.

import { isRecord, type ApiObject, type ObjectToWrite } from '../kube/api-object.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { Problem } from '../model/problem.ts';
import { cut, reasonOf } from './event.ts';
import type { FormKey } from './problem-writer.ts';

const conditionType = 'Accepted';
/** Bound of the definitions (chart/crds), as of metav1.Condition. */
const maxMessageBytes = 32_768;

/** What the condition of an object says. */
export interface Complaint {
  /** The code of the first problem in the style of Kubernetes: `SplitBackend`. */
  readonly reason: string;
  /** What is wrong and what to do, of all problems. */
  readonly message: string;
  /** The `metadata.generation` of the object that was read; undefined where it has none. */
  readonly observedGeneration: number | undefined;
}

/** Which object of an API server. */
export interface ComplaintObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** An object and what is to be said of it. */
export interface WantedStatus {
  readonly object: ComplaintObject;
  readonly complaint: Complaint;
}

/** A complaint as it is in the status of an object. */
export interface FoundComplaint extends Complaint {
  /** RFC 3339, in whole seconds. */
  readonly lastTransitionTime: string;
}

/** `TrafficSplit store/canary`. */
export function statusKey({ kind, namespace, name }: Omit<ComplaintObject, 'uid'>): FormKey {
  return `${kind} ${namespace}/${name}`;
}

/** The statuses of objects of some kinds, where these sorted problems are all that there are. */
export function statusesOf(
  problems: readonly Problem[],
  kinds: { has(kind: string): boolean },
): ReadonlyMap<FormKey, WantedStatus> {
  const byObject = new Map<FormKey, [Problem, ...Problem[]]>();
  for (const problem of problems) {
    // Without a uid it is no object of an API server.
    if (!kinds.has(problem.subject.kind) || problem.subject.uid === undefined) continue;
    const key = statusKey(problem.subject);
    const others = byObject.get(key);
    if (others === undefined) byObject.set(key, [problem]);
    else others.push(problem);
  }
  return new Map([...byObject].map(([key, all]) => [key, statusOf(all)]));
}

function statusOf(problems: readonly [Problem, ...Problem[]]): WantedStatus {
  const [{ code, subject }] = problems;
  const { kind, namespace, name, uid = '', generation } = subject;
  const text = problems.map(({ message, advice }) => `${message}. ${advice}`).join(' ');
  const complaint = {
    reason: reasonOf(code),
    message: cut(text, maxMessageBytes),
    observedGeneration: generation,
  };
  return { object: { kind, namespace, name, uid }, complaint };
}

/** The complaint in the status of an object; undefined where there is none. */
export function readComplaint({ status }: ApiObject): FoundComplaint | undefined {
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : [];
  const found: unknown = conditions.find((each) => isRecord(each) && each['type'] === conditionType);
  if (!isRecord(found) || found['status'] !== 'False') return undefined;
  const { reason, message, observedGeneration, lastTransitionTime } = found;
  return {
    reason: String(reason),
    message: String(message),
    observedGeneration: typeof observedGeneration === 'number' ? observedGeneration : undefined,
    lastTransitionTime: String(lastTransitionTime),
  };
}

/** What is applied to the status of an object: a complaint, or nothing, which takes away what was applied before. */
export function statusManifest(
  { object, type, resourceVersion }: VersionToChange,
  complaint: FoundComplaint | undefined,
): ObjectToWrite {
  const { kind, namespace, name } = object;
  const manifest = {
    apiVersion: `${type.group}/${type.version}`,
    kind,
    metadata: { namespace, name, resourceVersion },
  };
  if (complaint === undefined) return manifest;
  return { ...manifest, status: { conditions: [{ type: conditionType, status: 'False', ...complaint }] } };
}

/** The version of an object that may be changed, and no other. */
export interface VersionToChange {
  readonly object: ComplaintObject;
  readonly type: Pick<ResourceType, 'group' | 'version'>;
  readonly resourceVersion: string;
}
